"""Rows in the shape of the logs that people have; every text in them is made up."""

from __future__ import annotations

import json
from typing import Any

QUESTION = "Why do leaves turn red in autumn?"
ANSWER = "The green fades and red pigments stay."

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
TOOL_STEP = [
    *CHAT,
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function"}]},
    {"role": "tool", "tool_call_id": "c1", "content": "anthocyanin"},
]
FAILED_FIELDS = {"error": {"message": "rate limit"}}


def openai_chat(messages: Any = CHAT, **usage: Any) -> dict[str, Any]:
    tokens = usage or {
        "prompt_tokens": 40,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 16},
    }
    return {
        "request": {"model": "gpt-4o", "messages": messages},
        "response": {
            "model": "gpt-4o",
            "created": 1717000000,
            "choices": [{"message": {"role": "assistant", "content": ANSWER}}],
            "usage": tokens,
        },
    }


def openai_responses() -> dict[str, Any]:
    return {
        "request": {
            "model": "gpt-4o",
            "instructions": "Be brief.",
            "input": [{"role": "user", "content": [{"type": "input_text", "text": QUESTION}]}],
        },
        "response": {
            "model": "gpt-4o",
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "content": [{"type": "output_text", "text": ANSWER}]},
            ],
            "usage": {
                "input_tokens": 40,
                "output_tokens": 9,
                "input_tokens_details": {"cached_tokens": 16},
            },
        },
    }


def batch_request(number: int = 1) -> dict[str, Any]:
    return {
        "custom_id": f"r{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-4o", "messages": CHAT},
    }


def batch_answer(number: int = 1) -> dict[str, Any]:
    return {
        "id": "b1",
        "custom_id": f"r{number}",
        "response": {"status_code": 200, "body": openai_chat()["response"]},
        "error": None,
    }


def langsmith(run_type: str = "llm", messages: Any = None, **fields: Any) -> dict[str, Any]:
    human = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "HumanMessage"],
        "kwargs": {"content": QUESTION, "type": "human"},
    }
    return {
        "id": "run",
        "name": "ChatOpenAI",
        "run_type": run_type,
        "trace_id": "t1",
        "parent_run_id": None,
        "start_time": "2024-05-29T16:26:40",
        "inputs": {"messages": messages or [[human]]},
        "outputs": {
            "generations": [[{"text": ANSWER, "message": {"kwargs": {"content": ANSWER}}}]],
            "llm_output": {"model_name": "gpt-4o"},
        },
        "extra": {"metadata": {"ls_model_name": "gpt-4o", "thread_id": "th1"}},
        "prompt_tokens": 40,
        "completion_tokens": 9,
        "prompt_token_details": {"cache_read": 16},
        **fields,
    }


def langfuse(kind: str = "GENERATION", **fields: Any) -> dict[str, Any]:
    return {
        "id": "o1",
        "traceId": "t1",
        "type": kind,
        "name": "chat",
        "startTime": "2024-05-29T16:26:40.000Z",
        "input": CHAT,
        "output": {"role": "assistant", "content": ANSWER},
        "model": "gpt-4o",
        "usageDetails": {"input": 24, "input_cached_tokens": 16, "output": 9, "total": 49},
        "parentObservationId": None,
        **fields,
    }


def langfuse_csv() -> dict[str, Any]:
    nested = {"input", "output", "usageDetails"}
    return {name: json.dumps(value) if name in nested else value for name, value in langfuse().items()}


def openinference() -> dict[str, Any]:
    return {
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": "2024-05-29T16:26:40+00:00",
        "attributes": {
            "openinference": {"span": {"kind": "LLM"}},
            "llm": {
                "model_name": "gpt-4o",
                "input_messages": [{"message": {"role": "user", "content": QUESTION}}],
                "token_count": {"prompt": 40, "completion": 9, "prompt_details": {"cache_read": 16}},
            },
            "output": {"value": ANSWER},
            "session": {"id": "th1"},
        },
    }


def otlp(attributes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    pairs = [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in attributes.items()
    ]
    span = {"name": "chat", "startTimeUnixNano": "1717000000000000000", "attributes": pairs, **fields}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


OPENINFERENCE_ATTRIBUTES = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o",
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be brief.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": QUESTION,
    "llm.output_messages.0.message.content": ANSWER,
    "llm.token_count.prompt": 40,
    "llm.token_count.completion": 9,
    "llm.token_count.prompt_details.cache_read": 16,
}

GENAI_ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": QUESTION}]}]),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": ANSWER}]}]
    ),
    "gen_ai.usage.input_tokens": 40,
    "gen_ai.usage.output_tokens": 9,
    "gen_ai.usage.cache_read.input_tokens": 16,
    "gen_ai.conversation.id": "th1",
}


def genai_events() -> dict[str, Any]:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    counts = {"gen_ai.usage.input_tokens": 40, "gen_ai.usage.output_tokens": 9}
    event = {
        "name": "gen_ai.user.message",
        "attributes": [{"key": "content", "value": {"stringValue": QUESTION}}],
    }
    return otlp({**attributes, **counts, "gen_ai.usage.cache_read.input_tokens": 16}, events=[event])


def litellm(**fields: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "trace_id": "t1",
        "call_type": "acompletion",
        "status": "success",
        "startTime": 1717000000.0,
        "model": "gpt-4o",
        "model_group": "gpt-4o",
        "prompt_tokens": 40,
        "completion_tokens": 9,
        "response_cost": 0.001,
        "messages": CHAT,
        "response": {
            "choices": [{"message": {"content": ANSWER}}],
            "usage": openai_chat()["response"]["usage"],
        },
        **fields,
    }


def decision(**fields: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "time": "2024-05-29T16:26:40.000+00:00",
        "id": "d1",
        "route": "strong",
        "score": 0.6,
        "percentile": 0.8,
        "threshold": 0.58,
        "reason": "score",
        "router": "default",
        "models": {"strong": "gpt-4o", "weak": "gpt-4o-mini"},
        "tokens": {"strong": {"input": 40, "output": 9, "cached_input": 16}},
        "cost": 0.001,
        "saving": 0.0,
        "strong_cost": 0.001,
        "escalated": False,
        "error": None,
        "failed": False,
        "latency": 0.8,
        "thread_id": "th1",
        "run_id": "r1",
        "text_hash": "ab",
        "text": QUESTION,
        **fields,
    }


def arena_140k(winner: str = "both_bad") -> dict[str, Any]:
    def turns(answer: str) -> list[dict[str, Any]]:
        return [
            {
                "role": "user",
                "content": [{"type": "text", "text": QUESTION, "image": None, "mimeType": None}],
            },
            {"role": "assistant", "content": [{"type": "text", "text": answer, "image": None}]},
        ]

    return {
        "id": "a1",
        "model_a": "x",
        "model_b": "y",
        "winner": winner,
        "evaluation_session_id": "e1",
        "evaluation_order": 1,
        "conversation_a": turns(ANSWER),
        "conversation_b": turns("No idea."),
        "language": "en",
        "is_code": False,
    }
