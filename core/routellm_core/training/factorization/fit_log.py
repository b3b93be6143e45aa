"""FitLog: which fits of a training are done, so that an interrupted one repeats none of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.files import replace_file


class FitLog:
    """Each fit's result, by name; in a file that is replaced whole after each, or only in memory."""

    def __init__(self, path: Path | None = None) -> None:
        """Read what an earlier process wrote.

        Args:
            path: of the file; None keeps results only in this object.
        """
        self._path = path
        self._rows: dict[str, Mapping[str, Any]] = {}
        if path is not None and path.is_file():
            self._rows = json.loads(path.read_text(encoding="utf-8"))
        self.found = len(self._rows)
        """Number of fits done before this object was made."""

    def get(self, name: str) -> Mapping[str, Any] | None:
        """Return a fit's result; None if it is not done yet."""
        return self._rows.get(name)

    def add(self, name: str, row: Mapping[str, Any]) -> None:
        """Store a fit's result: JSON values, NaN allowed."""
        self._rows[name] = dict(row)
        if self._path is not None:
            replace_file(self._path, json.dumps(self._rows, indent=2).encode("utf-8"))
