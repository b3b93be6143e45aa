"""Judging: two models answer, a judge compares, and the spend stays below its cap."""
