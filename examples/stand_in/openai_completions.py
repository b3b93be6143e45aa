"""OpenAI's legacy POST /v1/completions, for models that know no chat."""

from __future__ import annotations

import time
from typing import Any

from examples.stand_in.openai_chat import arguments_of, stop_list
from examples.stand_in.openai_fields import check_fields, check_type, invalid, required
from examples.stand_in.openai_rules import check_sampling
from examples.stand_in.openai_usage import count_prompt, usage_of
from examples.stand_in.prompt import Prompt, Turn
from examples.stand_in.refusal import Refusal
from examples.stand_in.reply import Reply, openai_event
from examples.stand_in.service import Service, finish
from examples.stand_in.tokens import stream_pieces

_FIELDS = (
    *("model", "prompt", "best_of", "echo", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n"),
    *(
        "presence_penalty",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "suffix",
        "temperature",
        "top_p",
        "user",
    ),
)


def complete(service: Service, body: dict[str, Any]) -> Reply:
    """Complete a text."""
    model = service.find(required(body, "model"), "openai")
    if model.embedding_size or model.chat:
        text = "This is a chat model and not supported in the v1/completions endpoint."
        raise Refusal(404, f"{text} Did you mean to use v1/chat/completions?", param="model")
    check_fields(body, _FIELDS)
    check_sampling(body, model)
    text = required(body, "prompt")
    if isinstance(text, list) and len(text) == 1:
        text = text[0]
    check_type(text, (str,), "prompt")
    if body.get("echo") or body.get("suffix") or (body.get("best_of") or 1) > 1:
        invalid("'echo', 'suffix' and 'best_of' are served by no model here.", "echo", "unsupported_value")
    prompt = Prompt(model=model.name, turns=(Turn("user", text),))
    # OpenAI itself stops at 16 tokens unless told otherwise; local servers, which is what completion-only
    # models are today, do not.
    limit = body.get("max_tokens")
    tokens, cached = count_prompt(service, model, prompt, limit)
    answer = service.answer(model, prompt)
    done = finish(answer, stop_list(body), limit, model.count_tokens, arguments_of)
    usage = usage_of(tokens, cached, done.tokens)
    head = {"id": service.new_id("cmpl-"), "object": "text_completion", "created": int(time.time())}
    head |= {"model": model.name}
    reason = "length" if done.reason == "length" else "stop"

    def choices(piece: str, reason: str | None) -> list[dict[str, Any]]:
        return [{"text": piece, "index": 0, "logprobs": None, "finish_reason": reason}]

    if not body.get("stream"):
        return Reply.from_json({**head, "choices": choices(done.answer.text, reason), "usage": usage})
    events = [
        openai_event({**head, "choices": choices(piece, None)}) for piece in stream_pieces(done.answer.text)
    ]
    events.append(openai_event({**head, "choices": choices("", reason)}))
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(openai_event({**head, "choices": [], "usage": usage}))
    return Reply(events=[*events, b"data: [DONE]\n\n"])
