"""Work beside training: reading uploads, sweeping deleted content, verifying stored content."""
