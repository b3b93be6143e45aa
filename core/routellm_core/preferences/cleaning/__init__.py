"""Cleaning: what is dropped before training, and what is counted."""
