"""The line of uploaded data sets that wait to be read."""
