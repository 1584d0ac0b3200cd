"""Comparisons: which of several groups of experiments generalizes best, and whether the data can tell."""
