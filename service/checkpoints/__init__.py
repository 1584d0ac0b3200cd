"""Stored weights of experiments."""
