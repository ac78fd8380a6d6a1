"""Which parts of a file are recordings of their own: cue sheets, chapters, else the whole file."""
