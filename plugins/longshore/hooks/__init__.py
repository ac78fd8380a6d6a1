"""Hooks: Airflow connections as the things that `include` works with."""
