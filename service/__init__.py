"""Trainyard's service: HTTP in front, SQL behind, and the engine to train."""
