"""The engine under every pipeline: a job is read, staged, merged and recorded in one transaction."""
