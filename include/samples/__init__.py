"""Small inputs that ship with the project, one folder a pipeline, and the script that makes them."""
