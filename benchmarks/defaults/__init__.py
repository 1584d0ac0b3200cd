"""Which optimizer works at the first call: candidates for the default on 58 data sets, 12 of them set aside."""
