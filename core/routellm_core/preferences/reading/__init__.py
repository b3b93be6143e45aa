"""Reading: files and frames of battles, labels and prompts."""
