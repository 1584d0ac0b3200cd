"""Trainyard's service: HTTP in front, SQL behind; it never computes."""
