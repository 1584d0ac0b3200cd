"""How queued experiments come to be trained, survive and spread over processes."""
