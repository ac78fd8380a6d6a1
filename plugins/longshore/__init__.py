"""What Longshore adds to Airflow: operators, the hook they share, and how a run's parameters and errors are read."""
