"""Statistics of a comparison: intervals, tests, families of them, and the sentence that says what they show.

Pure functions of numbers, with the standard library alone. Formulas and their sources: docs/statistics.md.
"""
