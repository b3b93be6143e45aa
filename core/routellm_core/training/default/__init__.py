"""The default router: its corpus, its static table and how it is trained."""
