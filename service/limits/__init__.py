"""Limits and usage of owners."""
