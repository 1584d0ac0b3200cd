"""Reading queue of uploaded data sets."""
