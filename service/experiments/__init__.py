"""Experiments: specification, status and results."""
