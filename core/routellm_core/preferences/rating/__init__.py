"""Rating: models by strength, in tiers, and battles weighted by similarity."""
