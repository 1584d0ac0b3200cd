"""Execution of queued experiments: dispatching, training, storing and recovery."""
