"""Worker process: trains one dispatch after another."""
