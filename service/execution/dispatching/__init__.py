"""Selection of queued rows and the worker processes they run on."""
