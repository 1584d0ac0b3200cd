"""How long what has ended is kept."""
