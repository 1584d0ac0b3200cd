"""Data sets an experiment can be trained on."""
