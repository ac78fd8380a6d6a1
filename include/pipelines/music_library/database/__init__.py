"""The batch write: what exists is asked for once an entity, what is new is written in one transaction."""
