"""A music library: audio files become songs, artists, albums and passages."""
