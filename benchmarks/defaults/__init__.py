"""Which optimizer works at the first call: every candidate default on fifty data sets."""
