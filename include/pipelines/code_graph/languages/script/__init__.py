"""JavaScript and TypeScript: one syntax, walked alike; JSX too."""
