"""Evaluation: metrics in pure numpy, benchmarks, tables and plots."""
