"""The stored learning curve of an experiment."""
