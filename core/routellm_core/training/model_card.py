"""Model card: what a trained router is, what it learned from, how well, and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FORMS = {
    "mf": "matrix factorization over prompt embeddings",
    "bert": "an encoder with three labels (strong wins, tie, weak wins); the score is the first one's share",
    "causal_llm": "a causal language model that predicts the weak answer's quality, 1 to 5; the score is "
    "1 − P(quality >= 4)",
}

_CARD = """# A router of kind {kind}

It scores a prompt by how likely the answer of {strong} is to be preferred over that of {weak}: {form}.
{base_line}
Load it with `load_router("this folder")`, or give the folder as `router=` to ChatRouteLLM or RouteLLM.

## Trained on

{data}

Rows are held out by prompt: no prompt is on both sides.

## Measured on the held-out rows

{metrics}

A loss is a mean cross-entropy in nats. `constant_loss` is the loss of always predicting the training rows'
frequencies: a router whose `held_out_loss` is not below it has learned nothing that helps on new prompts.
The held-out rows also chose when training stopped, so their loss is slightly optimistic. What counts is how
the router decides: measure that on your own prompts with `routellm evaluate`.

## Settings

{settings}

## Limits

- It knows prompts like those it was trained on; on others it may rank no better than chance.
- The score is about this pair of sides. For another pair the ranking of prompts may carry over, but the
  numbers do not: set the threshold with `routellm calibrate`.
- It reads the text of one prompt: no history, tools, files or images.

## Versions

{versions}
"""


def model_card(report: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Args:
        report: what `TrainingReport.to_dict` returns.
    """
    base = report["base"]
    metrics = {name: value for name, value in report["metrics"].items() if name != "history"}
    return _CARD.format(
        kind=report["kind"],
        strong=_names(report["strong"]),
        weak=_names(report["weak"]),
        form=_FORMS.get(report["kind"], report["kind"]),
        base_line=f"\nIt was fine-tuned from {base}, whose licence applies to it too.\n" if base else "",
        data=_table(report["data"]),
        metrics=_table(metrics),
        settings=_table(report["settings"]),
        versions=_table(report["versions"]),
    )


def _names(names: list[str]) -> str:
    return " or ".join(names)


def _table(values: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {_cell(value)} |" for name, value in values.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_cell(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return str(value).replace("|", "\\|").replace("\n", " ")
