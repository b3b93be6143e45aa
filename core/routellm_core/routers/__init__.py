"""Routers, one per file; none imports another. `loading.py` knows their names."""
