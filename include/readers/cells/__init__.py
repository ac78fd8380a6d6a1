"""Text cells -> typed columns: whole columns by Arrow's casts, only what does not fit by patterns, flaws in words."""
