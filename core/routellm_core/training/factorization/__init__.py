"""Factorization: how matrix factorization routers are fitted, in numpy alone."""
