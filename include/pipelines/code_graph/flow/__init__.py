"""What each expression of a whole tree may evaluate to: the least solution of all files' equations."""
