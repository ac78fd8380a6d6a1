"""Source trees to a graph of files, modules, classes, functions, and of what calls, imports and inherits what."""
