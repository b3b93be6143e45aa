"""Paper tables: every router by training set, and transfer to other models, as `docs/results.md`."""
