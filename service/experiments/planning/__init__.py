"""What an experiment would be, before it is posted."""
