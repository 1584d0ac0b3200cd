"""What the service takes: its figures beside what they should be."""
