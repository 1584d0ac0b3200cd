"""Metrics for monitoring: of this API process, and from the database."""
