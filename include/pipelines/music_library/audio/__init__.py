"""Containers of audio: what a file is, where its audio lies in it, and how long it plays."""
