"""Training: every way to fit a router, to other models and data; heavy packages load when they are used."""
