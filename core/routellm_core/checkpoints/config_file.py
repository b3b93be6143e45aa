"""Config file: the format of a checkpoint's `config.json`, and the digest of the router that it describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.files import REMEDY, CheckpointError, read_json

FORMAT_VERSION = 1


def config_digest(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what determines a router's scores, in hexadecimal."""
    told = {name: config[name] for name in ("router", "settings", "sha256", "inner") if name in config}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_config(path: Path) -> dict[str, Any]:
    """Return the content of a `config.json`, with its format checked.

    Raises:
        CheckpointError: it is missing or damaged, or the format is newer than this version reads.
    """
    config = read_json(path)
    version = config.get("format_version") if isinstance(config, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise CheckpointError(f"{path} has format_version {version!r}, expected a whole number. {REMEDY}")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format version {version}; this routellm-plugins reads up to {FORMAT_VERSION}. "
            "Upgrade with: pip install -U routellm-plugins"
        )
    for name, kind in (("router", str), ("settings", dict), ("sha256", dict)):
        if not isinstance(config.get(name), kind):
            raise CheckpointError(
                f"{path}: {name!r} is {config.get(name)!r}, expected {kind.__name__}. {REMEDY}"
            )
    for name, kind in (("name", str), ("inner", dict)):
        if not isinstance(config.get(name, kind()), kind):
            raise CheckpointError(f"{path}: {name!r} is {config[name]!r}, expected {kind.__name__}. {REMEDY}")
    return dict(config)
