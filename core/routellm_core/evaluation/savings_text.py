"""Savings in words: the table for people, and the notes that go with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from routellm_core.evaluation.savings import Savings
from routellm_core.evaluation.traffic import Traffic
from routellm_core.routing.threshold import goes_to_strong

_SHOWN = 88

_MOST_MODELS = 5

_FEW = 100
"""Prompts below which shares and differences are hardly known."""


def savings_table(found: Savings, currency: str) -> list[str]:
    """Return the table, a line each, from always weak to always strong."""
    rows = [*found.rows]
    if found.certified is not None and found.certificate is not None:
        rows.append(found.certified)
    rows.sort(key=lambda row: row.strong_share)
    labelled = found.chosen.quality is not None
    header = ["to strong", "threshold", f"cost per {found.per}", "saved"]
    lines = [[*header, "quality", "95 %"] if labelled else header]
    for row in rows:
        threshold = row.name if row.threshold is None else f"{row.threshold:.4f}{' *' if row.name else ''}"
        cells = [f"{row.strong_share:.1%}", threshold, money(row.cost, currency), f"{row.saved:.1%}"]
        if row.quality is not None and row.quality_interval is not None:
            low, high = row.quality_interval
            cells += [f"{row.quality:.3f}", f"{low:.3f}-{high:.3f}"]
        lines.append(cells)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return [shown[0], "  ".join("-" * width for width in widths), *shown[1:]]


def headline(found: Savings, strong: str, weak: str, currency: str) -> str:
    """Return what is saved at the chosen threshold."""
    row, full = found.chosen, found.rows[-1].cost
    what = "saves" if row.saved >= 0 else "costs more by"
    return (
        f"{row.strong_share:.1%} of the decisions to {strong}, the rest to {weak}, {what} "
        f"{abs(row.saved):.1%}: from {money(full, currency)} to {money(row.cost, currency)} per {found.per} "
        f"(threshold {row.threshold:.4f})"
    )


def money(amount: float, currency: str) -> str:
    """Return an amount for people: two decimals, or four if it is small."""
    text = f"{amount:,.2f}" if abs(amount) >= 1 or amount == 0 else f"{amount:.4f}"
    return f"{currency}{text}"


def counted(number: int, what: str) -> str:
    """Return "1 call" or "1,200 calls"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def few(number: int, what: str, purpose: str) -> list[str]:
    """Return a note if there are too few for a purpose, else nothing."""
    return [f"only {counted(number, what)}: too few to {purpose}"] if number < _FEW else []


def examples(traffic: Traffic, threshold: float, count: int) -> tuple[list[str], list[str]]:
    """Return kept prompts nearest below the threshold and nearest at or above it, shortened to a line."""
    scores = traffic.prompt_scores
    order = np.argsort(np.abs(scores - threshold), kind="stable").tolist()
    sides: dict[bool, dict[str, None]] = {False: {}, True: {}}
    for row in order:
        shown = sides[bool(goes_to_strong(float(scores[row]), threshold))]
        if len(shown) < count:
            shown.setdefault(one_line(traffic.prompts[row]))
        if all(len(side) == count for side in sides.values()):
            break
    return list(sides[False]), list(sides[True])


def one_line(text: str, most: int = _SHOWN) -> str:
    """Return a text in one line without control characters, which a terminal would obey."""
    flat = " ".join(
        "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[: 4 * most]).split()
    )
    return flat if len(flat) <= most else f"{flat[: most - 3]}..."


def log_lines(traffic: Traffic, per: str) -> Iterator[str]:
    """Yield lines on whose calls the log holds and what it lacks; `per`: what costs are per."""
    calls = traffic.calls
    named = sorted(traffic.models.items(), key=lambda item: -item[1][1])
    if named:
        shares = ", ".join(f"{name} {count / calls:.0%}" for name, (_, count) in named[:_MOST_MODELS])
        more = f" and {len(named) - _MOST_MODELS} more" if len(named) > _MOST_MODELS else ""
        yield f"models in the log: {shares}{more}"
    lacks: Sequence[tuple[int, str]] = (
        (traffic.unnamed, "the model"),
        (traffic.without_tokens, "tokens"),
        (calls - traffic.with_conversation, "a conversation"),
        (calls - traffic.with_answer, "the answer"),
    )
    missing = [f"{what} in {count:,} of {counted(calls, 'call')}" for count, what in lacks if count]
    if per != "month":
        times = "times" if traffic.span is None else "a day of times"
        missing.append(f"{times}, so costs are not per month")
    if missing:
        yield f"the log lacks {'; '.join(missing)}"
