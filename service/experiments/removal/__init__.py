"""Experiments with many rows, which are removed a few rows at a time."""
