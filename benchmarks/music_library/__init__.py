"""How well and how fast a music library is read."""
