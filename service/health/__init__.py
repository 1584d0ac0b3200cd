"""Is the service there, is it ready, and which version is it."""
