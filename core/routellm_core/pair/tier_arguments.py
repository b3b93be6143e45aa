"""Tier arguments: named models from the cheapest to the most capable, as a pair's constructor takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Model = TypeVar("Model")

Tiers = Sequence[tuple[str, Model]] | Mapping[str, Model]
"""Names and models, the cheapest first."""


def tier_arguments(tiers: Tiers[Model]) -> dict[str, Any]:
    """Return `weak`, `between`, `strong` and `tier_names`.

    Raises:
        ValueError: it is not a list of names and models, or holds fewer than two.
    """
    listed: Sequence[Any] = list(tiers.items()) if isinstance(tiers, Mapping) else tiers
    if not isinstance(listed, Sequence) or not all(
        isinstance(tier, Sequence) and not isinstance(tier, str) and len(tier) == 2 for tier in listed
    ):
        raise ValueError(
            "tiers is not a list of names and models, expected [('mini', model), ('full', model)] from the "
            "cheapest to the most capable."
        )
    if len(listed) < 2:
        raise ValueError(f"tiers holds {len(listed)}, expected two or more, the cheapest first.")
    names, models = zip(*listed, strict=True)
    return {"weak": models[0], "between": models[1:-1], "strong": models[-1], "tier_names": names}


def check_between(between: Any, tier_names: Sequence[str]) -> None:
    """Check that there is a model for each tier.

    Raises:
        ValueError: there are more names or more models.
    """
    if not isinstance(between, Sequence) or isinstance(between, str) or len(between) != len(tier_names) - 2:
        count = len(between) if isinstance(between, Sequence) else f"a {type(between).__name__}"
        raise ValueError(
            f"between holds {count} and tier_names {list(tier_names)}, expected one for each name but the "
            "first and the last; from_tiers([...]) gives both."
        )


def nested_refusal(side: str, kind: str, router: str) -> str:
    """Return why a router can't be a side of another one, and what to use instead."""
    return (
        f"{side} is a {kind}, which routes itself: two decisions for one call, of which records, prices and "
        f"shares would know one. Give all models to one router: {router}.from_tiers([('nano', ...), "
        "('mini', ...), ('full', ...)], shares=[0.5, 0.3, 0.2])."
    )
