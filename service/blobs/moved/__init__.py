"""What was moved to blobs."""
