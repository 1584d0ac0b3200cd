"""What happened to experiments, in order."""
