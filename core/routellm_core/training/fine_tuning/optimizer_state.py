"""Optimizer state: moments, parameter groups and the learning-rate schedule as safetensors, no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file


def save_optimizer_state(path: Path, optimizer: Any, scheduler: Any) -> None:
    """Write what an optimizer and a scheduler of torch remember between steps."""
    described = optimizer.state_dict()
    tensors, plain = {}, {}
    for parameter, values in described["state"].items():
        for name, value in values.items():
            if hasattr(value, "numel"):
                tensors[f"{parameter}.{name}"] = value.contiguous()
            else:
                plain[f"{parameter}.{name}"] = value
    state = {"plain": plain, "groups": described["param_groups"], "scheduler": scheduler.state_dict()}
    save_file(tensors, path, metadata={"state": json.dumps(state)})


def load_optimizer_state(path: Path, optimizer: Any, scheduler: Any) -> None:
    """Put back what `save_optimizer_state` wrote."""
    with safe_open(path, framework="pt") as stored:
        # an open safetensors file has keys() and no iteration
        values: dict[str, Any] = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        state = json.loads(stored.metadata()["state"])
    values |= state["plain"]
    moments: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        parameter, name = key.split(".", 1)
        moments.setdefault(int(parameter), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": state["groups"]})
    scheduler.load_state_dict(state["scheduler"])
