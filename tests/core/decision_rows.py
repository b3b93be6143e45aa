"""What a decision log holds by now, read from its file."""

import json
from pathlib import Path
from typing import Any

from routellm_core.routing.decision_stores import connect


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".db":
        with connect(path) as connection:
            found = connection.execute(
                "SELECT row FROM decisions UNION ALL SELECT row FROM outcomes"
            ).fetchall()
        return [json.loads(row) for (row,) in found]
    files = sorted(path.parent.glob(path.name + "*"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def where(path: Path) -> str:
    return f"sqlite:///{path}" if path.suffix == ".db" else str(path)
