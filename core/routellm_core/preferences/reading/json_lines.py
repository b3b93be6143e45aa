"""JSON Lines: rows written to a file as a whole or not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.whole_file import replaced_whole


def write_json_lines(path: str | PathLike[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one object a line, in UTF-8, gzipped if the name ends in ".gz"; equal rows give equal bytes.

    An interrupted run leaves the older file, see `replaced_whole`.

    Returns:
        How many rows were written.

    Raises:
        OSError: the folder does not exist or can't be written to.
    """
    target = Path(path)
    count = 0
    with replaced_whole(target) as stream:
        # No name and no time in gzip's header, so that bytes are equal.
        packed = gzip.GzipFile("", "wb", fileobj=stream, mtime=0) if target.suffix == ".gz" else None
        for row in rows:
            line = json.dumps(row, ensure_ascii=False)
            # Half a surrogate pair is not UTF-8, but JSON can write it as \udXXX.
            (packed or stream).write(line.encode("utf-8", "backslashreplace") + b"\n")
            count += 1
        if packed:
            packed.close()
    return count
