"""Commands of the console script, one per file; each yields the lines that `cli.py` prints."""
