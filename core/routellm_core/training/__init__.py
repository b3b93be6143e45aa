"""Training, one file per router; what is heavy is imported here and nowhere the package is used from."""
