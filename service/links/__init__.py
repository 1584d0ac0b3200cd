"""Links that show one experiment to somebody without a key of its owner."""
