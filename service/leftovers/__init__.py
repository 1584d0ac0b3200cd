"""Stored bytes that may be unreferenced."""
