"""Stored bytes that may belong to nothing any more."""
