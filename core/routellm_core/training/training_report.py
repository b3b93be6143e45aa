"""TrainingReport: what a training did, written beside the router as metrics.json and MODEL_CARD.md."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any

from routellm_core.training.model_card import model_card

METRICS_FILE = "metrics.json"
CARD_FILE = "MODEL_CARD.md"

_PACKAGES = ("routellm-plugins", "numpy", "torch", "transformers", "accelerate", "peft", "tokenizers")


@dataclass(frozen=True)
class TrainingReport:
    """Plain values, without prompts and without paths of the machine.

    Attributes:
        kind: as given to `routellm train`.
        strong: names of the strong side.
        weak: names of the weak side.
        base: the model that was trained further, by the last part of its name; "" for none.
        data: counts: files' names, rows read, rows used, distinct prompts, rows by label.
        settings: what the result depends on besides the data.
        metrics: rows held out, losses, accuracy, steps, seconds.
    """

    kind: str
    strong: tuple[str, ...]
    weak: tuple[str, ...]
    base: str
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, including the versions of the packages used."""
        versions = {"python": platform.python_version()}
        for name in _PACKAGES:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                continue
        values = {name: _plain(value) for name, value in vars(self).items()}
        return {**values, "versions": versions}

    def write(self, folder: str | PathLike[str]) -> None:
        """Write both files into the router's folder."""
        values = self.to_dict()
        text = json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
        (Path(folder) / METRICS_FILE).write_text(text + "\n", encoding="utf-8")
        (Path(folder) / CARD_FILE).write_text(model_card(values), encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value
