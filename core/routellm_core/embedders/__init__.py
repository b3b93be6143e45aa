"""Embedders: from prompts to vectors, one per file."""
