"""Routers, one per file; none imports another. `registry.py` knows their names."""
