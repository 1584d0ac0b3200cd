"""Large contents of experiments: what refers to them, and what older versions stored in other rows."""
