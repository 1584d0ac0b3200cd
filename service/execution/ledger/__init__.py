"""Reads and writes of a worker, each write fenced by its attempt."""
