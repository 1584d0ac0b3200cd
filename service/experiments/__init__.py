"""Experiments: what is asked for, where it stands, and what came out of it."""
