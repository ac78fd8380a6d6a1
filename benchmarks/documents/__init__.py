"""Documents: what is read right, found, cut and labelled; `python -m benchmarks.documents` prints it."""
