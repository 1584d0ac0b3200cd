"""Which queued rows run next, and on which worker process."""
