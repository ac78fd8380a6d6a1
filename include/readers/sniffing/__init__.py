"""What only a look at a file's start can tell: how it is quoted, whether a header is there, what stands above it."""
