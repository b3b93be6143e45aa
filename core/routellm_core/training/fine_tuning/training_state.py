"""Training state: the state of a training between steps, as safetensors and without a pickle.

The moments of the optimizer, the learning-rate schedule and the random generators. numpy's global generator
is used only here, and only because transformers draws from it: what "NPY002" warns about is exactly what
is saved. An open safetensors file has `keys()` and no iteration ("SIM118").
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file


@contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, numpy and torch, and put back the caller's state afterwards.

    transformers' Trainer always draws from them.
    """
    python, numbers, tensors = random.getstate(), np.random.get_state(), torch.random.get_rng_state()  # noqa: NPY002
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
        torch.random.set_rng_state(tensors)
        if devices:
            torch.cuda.set_rng_state_all(devices)


def save_random_state(path: Path) -> None:
    """Write the state of all generators as safetensors."""
    _, keys, *position = np.random.get_state()  # noqa: NPY002
    state: dict[str, Any] = {"python": random.getstate(), "numpy": position}
    tensors = {
        "numpy": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "cpu": torch.random.get_rng_state(),
    }
    if torch.cuda.is_available():
        tensors |= {f"cuda{n}": s for n, s in enumerate(torch.cuda.get_rng_state_all())}
    save_file(tensors, path, metadata={"state": json.dumps(state)})


def load_random_state(path: Path) -> None:
    """Restore what `save_random_state` wrote."""
    with safe_open(path, framework="pt") as stored:
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        state = json.loads(stored.metadata()["state"])
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    keys = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, *state["numpy"]))  # noqa: NPY002
    torch.random.set_rng_state(tensors["cpu"])
    if torch.cuda.is_available() and "cuda0" in tensors:
        torch.cuda.set_rng_state_all([tensors[f"cuda{n}"] for n in range(torch.cuda.device_count())])


def save_optimizer_state(path: Path, optimizer: Any, scheduler: Any) -> None:
    """Write the state of a torch optimizer and scheduler."""
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
    """Restore what `save_optimizer_state` wrote."""
    with safe_open(path, framework="pt") as stored:
        values: dict[str, Any] = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        state = json.loads(stored.metadata()["state"])
    values |= state["plain"]
    moments: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        parameter, name = key.split(".", 1)
        moments.setdefault(int(parameter), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": state["groups"]})
    scheduler.load_state_dict(state["scheduler"])
