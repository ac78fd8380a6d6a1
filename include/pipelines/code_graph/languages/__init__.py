"""The languages, one module each; a language is known by the endings of its files."""
