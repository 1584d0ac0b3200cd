"""Large contents in pieces, written one piece per transaction and shared by reference."""
