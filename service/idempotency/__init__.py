"""Idempotent requests: repeated ones take effect once."""
