"""Training, one file per router; torch is imported here and nowhere the package is used from."""
