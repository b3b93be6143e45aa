"""A made-up log: 3,000 calls of an assistant for a software company, and 600 labels of such questions.

    python -m examples.call_log [FOLDER]

writes `calls.jsonl`, requests and answers as OpenAI's API has them (with tool loops, titles, failed calls
and empty messages, as logs have), and `labels.jsonl`. The texts are put together from parts, and the
qualities are drawn: the small model is good at easy questions and bad at hard ones. So the numbers show how
the commands work and nothing else.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from examples.made_up_questions import question

CALLS = 3000
LABELS = 600

_START = 1_772_323_200  # 1 March 2026
_DAYS = 30

_TOOL = {"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}


def main() -> None:
    """Write both files and say where they are."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    draw = random.Random(17)
    for name, rows in (("calls.jsonl", _calls(draw)), ("labels.jsonl", _labels(draw))):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"wrote {folder / name}: {len(lines):,} rows")


def _calls(draw: random.Random) -> Iterator[dict[str, Any]]:
    written = 0
    while written < CALLS:
        text, hard = question(draw)
        for row in _conversation(draw, text, hard)[: CALLS - written]:
            row["created_at"] = _START + int(_DAYS * 86_400 * written / CALLS)
            written += 1
            yield row


def _conversation(draw: random.Random, text: str, hard: bool) -> Sequence[dict[str, Any]]:
    kind = draw.random()
    asked = [
        {"role": "system", "content": "You help the users of our software."},
        {"role": "user", "content": text},
    ]
    if kind < 0.01:
        return [_row(draw, [asked[0], {"role": "user", "content": " "}], hard)]
    if kind < 0.03:
        return [
            {"request": {"model": "gpt-4o", "messages": asked}, "response": {"error": {"message": "timeout"}}}
        ]
    if kind < 0.08:
        title = (
            "### Task:\nWrite a short title for the conversation: five words at most, plain text, no quotes "
        )
        asked_for = {"role": "user", "content": f"{title}and no emojis, in its language.\n\n{text} {text}"}
        return [_row(draw, [asked_for], hard=False)]
    rows = [_row(draw, asked, hard)]
    if kind > 0.85:  # a tool is called, and the same question sent again with its result
        called = {"role": "assistant", "content": None, "tool_calls": [_TOOL]}
        result = {"role": "tool", "tool_call_id": "call_1", "content": "3 entries found " * 40}
        rows.append(_row(draw, [*asked, called, result], hard))
    return rows


def _row(draw: random.Random, messages: Sequence[dict[str, Any]], hard: bool) -> dict[str, Any]:
    sent = 900 + sum(len(message["content"] or "") for message in messages) // 4
    usage = {
        "prompt_tokens": sent,
        "completion_tokens": draw.randint(300, 900) if hard else draw.randint(20, 200),
        "prompt_tokens_details": {"cached_tokens": 896 if draw.random() < 0.5 else 0},
    }
    answer = {"message": {"role": "assistant", "content": f"In short: {messages[-1]['content']}"}}
    response: dict[str, Any] = {"model": "gpt-4o-2024-08-06", "choices": [answer], "usage": usage}
    if draw.random() < 0.05:  # a stream that was not asked for its usage
        del response["usage"]
    return {"request": {"model": "gpt-4o", "messages": list(messages)}, "response": response}


def _labels(draw: random.Random) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    while len(seen) < LABELS:
        text, hard = question(draw)
        if text in seen:
            continue
        seen.add(text)
        strong = draw.choice((0.9, 1.0))
        weak = draw.choice((0.3, 0.5, 0.8)) if hard else draw.choice((0.85, 0.9, 1.0))
        yield {"prompt": text, "scores": {"gpt-4o": strong, "gpt-4o-mini": weak}}


if __name__ == "__main__":
    main()
