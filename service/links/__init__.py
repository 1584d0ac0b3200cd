"""Read-only links to one experiment, for people without an API key of its owner."""
