"""Pages for browsers: a start page and interactive documentation, without external resources."""
