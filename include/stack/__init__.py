"""The embedded stack: PostgreSQL from a wheel, the Airflow processes, their readiness and their end."""
