"""Training: routers for other models and data; heavy packages are imported here and nowhere else."""
