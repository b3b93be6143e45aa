"""Label questions: what is judged, of prompts, conversations or a log, and the answers that the log holds."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import reading_options
from routellm_core.commands.source_embedder import source_embedder
from routellm_core.preferences.judging.question import Question, Turns, needs_no_tools
from routellm_core.preferences.judging.selection import select_representative
from routellm_core.preferences.reading.log_reading import LogReader
from routellm_core.preferences.reading.logged_call import SERVED, LoggedCall
from routellm_core.routing.model_names import same_model
from routellm_core.routing.validation import check_count

SIDES = ("strong", "weak")


@dataclass(frozen=True)
class LabelQuestions:
    """What a run judges.

    Attributes:
        asked: the questions, each once.
        answers: side -> what was asked -> the answer that the log holds.
        notes: what the files were read as.
    """

    asked: Sequence[Question]
    answers: Mapping[str, Mapping[Turns, str]]
    notes: Sequence[Note]


def label_questions(options: Namespace) -> LabelQuestions:
    """Read the questions of `--prompts`, else those of `--from-log`, and the answers of `--from-log`.

    Raises:
        ValueError: neither is given, or a number is none.
        DataError: a file can't be read.
    """
    if not (options.prompts or options.from_log):
        raise ValueError("--prompts and --from-log are both missing: give prompts, a log, or both.")
    answers: dict[str, dict[Turns, str]] = {side: {} for side in SIDES}
    notes = []
    found: list[Question] = []
    if options.from_log:
        reader = LogReader([options.from_log], reading_options(options))
        calls = [call for call in reader.all_calls() if call.kind in SERVED or call.kind == "shadow answer"]
        found = [_question(call) for call in calls if call.starts]
        answers = {side: _answers(calls, getattr(options, side)) for side in SIDES}
        held = ", ".join(f"{len(answers[side]):,} answers of {getattr(options, side)}" for side in SIDES)
        notes.append(Note(f"{options.from_log}: {reader.report.sentence()}; it holds {held}"))
    if options.prompts:
        reader = LogReader([options.prompts], reading_options(options))
        found = [_question(call) for call in reader.calls() if call.starts]
        notes.append(Note(f"{options.prompts}: {reader.report.sentence()}"))
    return LabelQuestions(_chosen(options, found), answers, notes)


def _question(call: LoggedCall) -> Question:
    return Question.from_conversation(call.text or "", call.messages)


def _answers(calls: Sequence[LoggedCall], model: str) -> dict[Turns, str]:
    # What a tool loop came to is no answer to the question without tools.
    with_tools = {call.decision for call in calls if call.kind == "tool step"}
    found: dict[Turns, str] = {}
    for call in calls:
        usable = call.decision not in with_tools and needs_no_tools(call.messages)
        if usable and call.answer and call.answer.strip() and call.model and same_model(call.model, model):
            found.setdefault(_question(call).turns, call.answer)
    return found


def _chosen(options: Namespace, calls: Sequence[Question]) -> Sequence[Question]:
    questions = list(dict.fromkeys(_drawn(options, calls)))
    if options.limit is not None:
        check_count(options.limit, "--limit")
    first = questions[: options.limit]
    if options.select is None:
        return first
    check_count(options.select, "--select")
    # With the embedder inside the package: choosing what to pay for costs nothing.
    embedder = source_embedder("default", "--select")
    texts = [question.text for question in first]
    chosen = select_representative(texts, embedder, options.select, options.seed)
    return [first[row] for row in chosen.indices]


def _drawn(options: Namespace, calls: Sequence[Question]) -> Sequence[Question]:
    """Return the calls, or of so many some that are drawn uniformly, in their order."""
    if options.sample is None:
        return calls
    check_count(options.sample, "--sample")
    rows = np.random.default_rng(options.seed).permutation(len(calls))[: options.sample]
    return [calls[row] for row in sorted(rows.tolist())]
