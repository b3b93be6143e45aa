"""Commands of the console script, one per file, whose lines `cli.py` prints; and their shared parts."""
