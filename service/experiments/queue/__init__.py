"""The queue from the view of its owners."""
