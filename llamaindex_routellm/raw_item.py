"""One item of what a provider's client returned: some return mappings, some objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def item(source: object, name: str) -> Any:
    """Return an entry or an attribute, of any type; None where there is none."""
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
