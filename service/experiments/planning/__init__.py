"""Validation of an experiment without queueing it."""
