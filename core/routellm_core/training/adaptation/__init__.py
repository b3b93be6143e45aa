"""Adaptation: a router of one's own from some ten to some ten thousand labels."""

from routellm_core.training.adaptation.adaptation import Adaptation, adapt

__all__ = ["Adaptation", "adapt"]
