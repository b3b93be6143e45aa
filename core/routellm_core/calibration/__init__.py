"""Calibration: a threshold from a share, a budget or a quality target, and the file that keeps it."""
