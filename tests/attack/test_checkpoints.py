"""More than 1,000 damaged and hostile checkpoints: each ends in a router that scores or a CheckpointError."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError, write_checkpoint
from routellm_core.router import PROBES, Router

from tests.attack.strength import seeds
from tests.core.hostile_checkpoints import put, small_adapted, small_hybrid, small_ranking, small_router

ROUTERS: dict[str, Callable[[], Router]] = {
    "matrix factorization": small_router,
    "ranking": small_ranking,
    "adapted": small_adapted,
    "hybrid": small_hybrid,
    "random": lambda: load_router("random", seed=3),
}

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "x", "../x", "a\0b", "\ud800", "strong", "http://elsewhere/v1", "somebody/model", "x" * 1000),
    *([], {}, [[]], {"kind": "openai", "base_url": "http://elsewhere/v1"}, ["a"] * 100, {"a": {"b": {}}}),
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked, whatever a checkpoint says."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def loaded_or_refused(folder: Path) -> bool:
    """Load a folder and return whether it gave a router."""
    began = time.monotonic()
    refusal: CheckpointError | None = None
    try:
        router = load_router(folder)
    except CheckpointError as error:
        refusal = error
    assert time.monotonic() - began < 5.0
    if refusal is not None:
        assert str(folder) in str(refusal)
        return False
    scores = np.asarray(router.score(PROBES))
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    return True


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a file's content with some of its bytes changed, cut off, doubled or made zero."""
    data = bytearray(content)
    kind = chance.randrange(5)
    at = chance.randrange(len(data) + 1)
    if kind == 0:
        for _ in range(chance.choice((1, 3, 30))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        data[at:at] = data[: chance.randrange(1, 200)]
    elif kind == 3:
        data[at : at + 64] = bytes(len(data[at : at + 64]))
    else:
        data[at:at] = chance.randbytes(chance.randrange(1, 20))
    return bytes(data)


def changed(value: Any, chance: random.Random) -> Any:
    """Return JSON with one of its values replaced, removed or doubled."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        if chance.random() < 0.1:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return [*value[:at], changed(value[at], chance), *value[at + chance.randrange(2) :]]
    return chance.choice(VALUES)


def put_again(path: Path, content: bytes) -> None:
    """Write a file as if it had been saved so; those that list its folder are left as they are."""
    if path.name == "config.json":
        path.write_bytes(content)
    else:
        put(path.parent, path.name, content)


@pytest.mark.parametrize("kind", ROUTERS)
@pytest.mark.parametrize("digests", ["kept", "made again"])
def test_damaged_files(kind: str, digests: str, tmp_path: Path) -> None:
    checkpoint = ROUTERS[kind]().to_checkpoint()
    for seed in seeds(60):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        write_checkpoint(folder, checkpoint)
        path = chance.choice(files(folder))
        content = damaged(path.read_bytes(), chance)
        if digests == "kept":
            path.write_bytes(content)
        else:
            put_again(path, content)
        loaded_or_refused(folder)


@pytest.mark.parametrize("kind", ROUTERS)
def test_settings_and_tokenizers_of_any_value(kind: str, tmp_path: Path) -> None:
    checkpoint = ROUTERS[kind]().to_checkpoint()
    for seed in seeds(120):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        write_checkpoint(folder, checkpoint)
        path = chance.choice([path for path in files(folder) if path.suffix == ".json"])
        value = changed(json.loads(path.read_bytes()), chance)
        put_again(path, json.dumps(value).encode())
        loaded_or_refused(folder)


def odd_array(array: np.ndarray[Any, Any], chance: random.Random) -> np.ndarray[Any, Any]:
    kind = chance.randrange(4)
    if kind == 0:
        with np.errstate(all="ignore"):
            return array.astype(chance.choice(["f2", "f4", "f8", "i1", "u1", "i4", "u8", "i8", "?"]))
    if kind == 1:
        return array.reshape(chance.choice([(-1,), (1, -1), (-1, 1), (1, *array.shape)]))
    if kind == 2:
        return array[: chance.randrange(len(array) + 1)] if array.ndim else array.reshape(1)
    odd = array.copy().reshape(-1)
    values = [0, 1, -1, 127, 1e30, -1e30, 1e308, 5e-324] if odd.dtype.kind == "f" else [0, 1, -1, 127]
    if odd.size:
        with np.errstate(all="ignore"):
            chosen = chance.choice(values)
            at = chance.randrange(odd.size)
            odd[at if chance.random() < 0.5 else slice(None)] = np.asarray(chosen).astype(odd.dtype)
    return odd.reshape(array.shape)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["matrix factorization", "ranking", "adapted"])
def test_tensors_of_any_shape_type_and_value(kind: str, tmp_path: Path) -> None:
    from safetensors.numpy import load, save

    checkpoint = ROUTERS[kind]().to_checkpoint()
    for seed in seeds(100):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        write_checkpoint(folder, checkpoint)
        path = chance.choice([path for path in files(folder) if path.name == "model.safetensors"])
        tensors = load(path.read_bytes())
        name = chance.choice(sorted(tensors))
        tensors[name] = np.ascontiguousarray(odd_array(tensors[name], chance))
        put_again(path, save(tensors))
        loaded_or_refused(folder)


LARGE = {
    "values in the configuration": ("config.json", b"[" + b"[]," * 340_000 + b"[]]"),
    "a deep configuration": ("config.json", b'{"a":' * 150_000 + b"1" + b"}" * 150_000),
    "values in the tokenizer": ("tokenizer.json", b"[" + b"{}," * 3_000_000 + b"{}]"),
    "entries of the tokenizer": (
        "tokenizer.json",
        b'{"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0'
        + b"".join(b',"%d":1' % number for number in range(400_000))
        + b"}}}",
    ),
    "names of tensors": (
        "model.safetensors",
        (20_000_000).to_bytes(8, "little")
        + b"{"
        + b",".join(
            b'"%d":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}' % number for number in range(300_000)
        )
        + b"}",
    ),
    "a row of the table": ("tokenizer.json", b'"' + b"x" * 30_000_000 + b'"'),
}

MEASURED = """
import json, resource, sys
from pathlib import Path
from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError
load_router(sys.argv[1]).score(["warm"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_router(sys.argv[2])
    print("loaded")
except CheckpointError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", LARGE)
def test_memory_is_bounded_by_the_files_size(name: str, tmp_path: Path) -> None:
    path, content = LARGE[name]
    for folder in (tmp_path / "whole", tmp_path / "large"):
        write_checkpoint(folder, small_router().to_checkpoint())
    put_again(tmp_path / "large" / path, content)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "whole"), str(tmp_path / "large")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert int(done.stdout) * 1024 < 3 * len(content) + 50 * 2**20


def test_there_are_a_thousand() -> None:
    assert len(ROUTERS) * 2 * 60 + len(ROUTERS) * 120 + 3 * 100 >= 1_000
