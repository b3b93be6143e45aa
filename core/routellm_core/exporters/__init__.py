"""Exporters: statistics for systems that watch many processes."""
