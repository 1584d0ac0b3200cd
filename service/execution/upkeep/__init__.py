"""Work beside training: reading uploads, removing what was deleted, verifying what is stored."""
