"""Setting checks: what a user gives for routes, stickiness, logs and money, checked and put in order."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from os import PathLike
from typing import Any

from routellm_core.routing.budget import BudgetLimit
from routellm_core.routing.capabilities import check_needs
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.ladder import Ladder
from routellm_core.routing.tool_loop import StuckLimits
from routellm_core.routing.validation import check_amount, check_count, check_fraction


def check_choice(value: Any, field: str, choices: tuple[Any, ...]) -> None:
    """Say what was expected where a setting is none of its choices.

    Raises:
        ValueError: names the field, the value and the choices.
    """
    if value not in choices:
        raise ValueError(f"{field} is {value!r}, expected one of {list(choices)}.")


def check_routes(values: dict[str, Any], ladder: Ladder) -> None:
    """Check the settings that name a tier."""
    names = tuple(reversed(ladder.names))
    for name, others in (
        ("housekeeping_route", (None,)),
        ("no_text_route", ()),
        ("on_router_error", ("raise",)),
    ):
        if name in values and ladder.known(values[name]) is None:
            check_choice(values[name], name, (*others, *names) if None in others else (*names, *others))
    lacks = values.get("tier_lacks") or {}
    if not isinstance(lacks, Mapping):
        raise ValueError(f"tier_lacks is {lacks!r}, expected such as {{'mini': {{'image'}}}}.")
    values["tier_lacks"] = {
        ladder.resolved(name, "a key of tier_lacks"): check_needs(needs, f"tier_lacks[{name!r}]")
        for name, needs in lacks.items()
    }


def check_sticky(values: dict[str, Any]) -> None:
    """Check what is said of conversations."""
    if values.get("sticky_turns") is None:
        return
    values["sticky_turns"] = check_count(values["sticky_turns"], "sticky_turns", at_least=1)
    if values.get("sticky") is None:
        raise ValueError(
            f"sticky_turns is {values['sticky_turns']}, but nothing is sticky: give sticky='conversation'."
        )


def check_operation(values: dict[str, Any]) -> None:
    """Check what is said of logs, hooks and money, and put logs and budgets in place of what was given."""
    for name in ("on_decision", "on_drift"):
        hook = values.get(name)
        if hook is not None and (not callable(hook) or iscoroutinefunction(hook)):
            raise ValueError(f"{name} is {hook!r}, expected a plain function.")
    where = values.get("decision_log")
    if where is not None and not isinstance(where, str | PathLike | DecisionLog):
        raise ValueError(
            f"decision_log is {where!r}, expected a file such as 'decisions.jsonl' or "
            "'sqlite:///decisions.db', or a DecisionLog."
        )
    if isinstance(where, DecisionLog):
        values["log_text"] = where.log_text
    elif where is not None:
        values["decision_log"] = DecisionLog.open(where, values.get("log_text", False))
    if values.get("escalate_when") is not None:
        values["escalate_when"] = StuckLimits.from_value(values["escalate_when"])
    if values.get("shadow_sample") is not None:
        values["shadow_sample"] = check_fraction(values["shadow_sample"], "shadow_sample")
        if where is None and values.get("on_decision") is None:
            raise ValueError("shadow_sample is given without decision_log=: nobody would see the answers.")
    if values.get("shadow_max_cost") is not None:
        unit = "in the currency of the prices"
        values["shadow_max_cost"] = check_amount(values["shadow_max_cost"], "shadow_max_cost", unit)
        if values.get("prices") is None:
            raise ValueError("shadow_max_cost is given without prices=: the cost of a call is unknown.")
    if values.get("budget") is not None:
        values["budget"] = BudgetLimit.from_value(values["budget"])
        if values.get("prices") is None:
            raise ValueError("budget is given without prices=: the cost of a call is unknown.")
