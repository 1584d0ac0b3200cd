"""Contents that were moved from rows to blobs."""
