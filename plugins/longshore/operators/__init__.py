"""Operators: one call of `include` each, with its outcome as Airflow understands it."""
