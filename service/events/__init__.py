"""Events of experiments, in order."""
