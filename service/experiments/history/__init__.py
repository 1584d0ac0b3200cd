"""What happened to an experiment: its events, as they are stored."""
