"""Data sets, built-in and uploaded."""
