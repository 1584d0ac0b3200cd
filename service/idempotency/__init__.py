"""Requests that are sent twice and take effect once."""
