"""Large contents in pieces, written a piece a transaction, shared by whatever refers to them."""
