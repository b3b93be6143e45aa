"""The project's own decision log: what ChatRouteLLM and RouteLLM write with `decision_log=`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from routellm_core.preferences.reading.layouts.layout import NO_CALL, OneRowLayout, Values, with_usage
from routellm_core.preferences.reading.logged_call import RawCall
from routellm_core.preferences.reading.messages import Message
from routellm_core.preferences.reading.nested import mapping, seconds, word
from routellm_core.routing.decision_log import LOG_VERSION
from routellm_core.routing.decision_stores import KEEP

_LONGEST_ROW = 1 << 26


class DecisionLogRows(OneRowLayout):
    """One decision a row; rows of outcomes belong to decisions and are no calls."""

    name = "routellm"
    title = "a decision log of this project"

    def matches(self, values: Values) -> bool:
        """A route beside a router, or what was learned of a decision later."""
        return (
            "outcome_of" in values
            or "answers_of" in values
            or ("route" in values and "router" in values and "threshold" in values)
        )

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The decided call; its text is there where the log was told to keep texts."""
        version, text_hash = values.get("version"), values.get("text_hash")
        if isinstance(version, int) and version > LOG_VERSION:
            return [RawCall(kind="later version")]
        if "outcome_of" in values:
            return [NO_CALL]
        if "answers_of" in values:
            return _shadow_answers(values) or [NO_CALL]
        route, text = values.get("route"), values.get("text")
        call = RawCall(
            messages=[Message("user", text)] if isinstance(text, str) and text else None,
            model=answering_model(values),
            conversation=word(values.get("thread_id")),
            parent=word(values.get("run_id")),
            time=seconds(values.get("time")),
            kind="error" if values.get("failed") is True else "not kept" if text_hash and not text else None,
        )
        # Of an escalated call, those of the answer that was shown.
        tokens = mapping(mapping(values.get("tokens")).get(str(route)))
        return [
            with_usage(
                call,
                {
                    "input_tokens": tokens.get("input"),
                    "output_tokens": tokens.get("output"),
                    "cached_tokens": tokens.get("cached_input"),
                },
            )
        ]


def log_files(path: str | PathLike[str]) -> list[str | PathLike[str]]:
    """Return the files of a log, the oldest first: a decision log that has grown large lies in several."""
    rotated = (f"{path}.{number}" for number in range(KEEP, 0, -1))
    older: list[str | PathLike[str]] = [name for name in rotated if Path(name).is_file()]
    return [*older, path] if older and _is_decision_log(older[-1]) else [path]


def _is_decision_log(path: str | PathLike[str]) -> bool:
    with Path(path).open("rb") as stream:
        try:
            row = json.loads(stream.readline(_LONGEST_ROW))
        except (ValueError, RecursionError):
            return False
    return isinstance(row, dict) and DecisionLogRows().matches(row)


def answering_model(values: Values) -> str | None:
    """Return the name of the model that answered a decided call in the end; its side's if it has none."""
    route = word(values.get("route"))
    return None if route is None else word(mapping(values.get("models")).get(route)) or route


def _shadow_answers(values: Values) -> list[RawCall]:
    """Return a call for each model's answer, which `routellm label` does not ask for again.

    Answers with tools or a schema are none to the text alone, so that there is no call for them.
    """
    text, models = values.get("text"), mapping(values.get("models"))
    if not isinstance(text, str) or not text or values.get("asked_for"):
        return []
    return [
        RawCall(
            messages=[Message("user", text)],
            answer=answer,
            model=word(models.get(side)) or side,
            time=seconds(values.get("time")),
            kind="shadow answer",
        )
        for side, answer in mapping(values.get("answers")).items()
        if isinstance(answer, str)
    ]
