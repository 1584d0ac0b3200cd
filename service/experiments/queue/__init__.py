"""The queue as the owners of experiments see it."""
