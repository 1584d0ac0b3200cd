"""How much an owner has, and how much they may have."""
