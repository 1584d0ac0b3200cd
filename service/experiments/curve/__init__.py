"""The curve of an experiment as it is stored."""
