"""Preference data: read, cleaned, judged, rated and graded."""
