"""Factorization: how matrix factorization routers are fitted, with numpy only."""
