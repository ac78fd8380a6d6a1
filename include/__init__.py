"""What Longshore does: everything here runs without Airflow and is tested without a scheduler."""
