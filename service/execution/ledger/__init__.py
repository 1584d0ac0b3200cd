"""What a worker reads and writes, each write fenced by its attempt."""
