"""Database and disk."""
