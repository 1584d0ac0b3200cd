"""A worker process: training one dispatch after another."""
