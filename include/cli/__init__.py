"""The command line: one module a noun, all of them registered by `app`, all output and exit codes in `output`."""
