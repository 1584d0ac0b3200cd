"""Retention of ended experiments."""
