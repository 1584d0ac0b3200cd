"""Sweeps and comparisons: which setting generalizes best, and whether the data can tell."""
