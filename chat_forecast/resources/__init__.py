"""What the assets use of the outside: stored files, and MLflow."""
