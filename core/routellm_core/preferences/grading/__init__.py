"""Grading: labels from answers that a key can check."""
