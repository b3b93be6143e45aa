"""Checkpoints: what a saved router is, and where published ones are hosted."""

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError

__all__ = ["Checkpoint", "CheckpointError"]
