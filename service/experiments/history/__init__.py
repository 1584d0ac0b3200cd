"""Stored events of an experiment."""
