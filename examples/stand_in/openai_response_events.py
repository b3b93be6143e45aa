"""The events in which OpenAI's Responses API streams a response."""

from __future__ import annotations

import itertools
from typing import Any

from examples.stand_in.reply import named_event
from examples.stand_in.tokens import stream_pieces


def response_events(response: dict[str, Any]) -> list[bytes]:
    """All events of one response, in order."""
    opening = {**response, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": opening},
        {"type": "response.in_progress", "response": opening},
    ]
    for index, item in enumerate(response["output"]):
        events += _item_events(item, index)
    kind = "response.completed" if response["status"] == "completed" else "response.incomplete"
    events.append({"type": kind, "response": response})
    numbers = itertools.count()
    return [named_event({**event, "sequence_number": next(numbers)}) for event in events]


def _item_events(item: dict[str, Any], index: int) -> list[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": index}
    inner: list[dict[str, Any]] = []
    start = {**item, "status": "in_progress"}
    if item["type"] == "message":
        start["content"] = []
        inner = _text_events(item, place)
    elif item["type"] == "function_call":
        start["arguments"] = ""
        kind = "response.function_call_arguments"
        inner = [
            *(
                {"type": f"{kind}.delta", **place, "delta": piece}
                for piece in stream_pieces(item["arguments"])
            ),
            {"type": f"{kind}.done", **place, "arguments": item["arguments"], "name": item["name"]},
        ]
    elif item["type"] == "reasoning":
        start = {**item, "summary": []}
        inner = _summary_events(item, place)
    return [
        {"type": "response.output_item.added", "output_index": index, "item": start},
        *inner,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _text_events(item: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    (part,) = item["content"]
    place = {**place, "content_index": 0}
    text = part["text"]
    return [
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
            for piece in stream_pieces(text)
        ),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": part},
    ]


def _summary_events(item: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for number, part in enumerate(item["summary"]):
        where = {**place, "summary_index": number}
        kind = "response.reasoning_summary"
        events.append({"type": f"{kind}_part.added", **where, "part": {**part, "text": ""}})
        events += [
            {"type": f"{kind}_text.delta", **where, "delta": piece} for piece in stream_pieces(part["text"])
        ]
        events.append({"type": f"{kind}_text.done", **where, "text": part["text"]})
        events.append({"type": f"{kind}_part.done", **where, "part": part})
    return events
