"""Preference data: battles and labels, read and cleaned."""
