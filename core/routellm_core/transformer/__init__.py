"""Transformer networks as files and batches, for the routers that score with one."""
