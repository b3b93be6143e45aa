"""What a listener heard of an answer: its tokens, and the answers that were said to be whole."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessage

Shown = tuple[str, list[str]]
"""What was shown token by token, and the answers that were said to be whole."""


def whole(answer: AIMessage) -> Shown:
    return str(answer.text), [str(answer.text)]


def of_events(events: list[Any]) -> Shown:
    tokens, ends = "", []
    for event in events:
        if event["event"] == "on_chat_model_stream":
            tokens += event["data"]["chunk"].text
        elif event["event"] == "on_chat_model_end":
            output = event["data"]["output"]
            message = output["generations"][0][0]["message"] if isinstance(output, dict) else output
            ends.append(str(message.text))
    starts = sum(event["event"] == "on_chat_model_start" for event in events)
    runs = {event["run_id"] for event in events if "chat_model" in event["event"]}
    assert (starts, len(runs)) == (1, 1)
    return tokens or "".join(ends), ends


class Tokens:
    def __init__(self) -> None:
        self.text = ""
        self.ends: list[str] = []

    @property
    def shown(self) -> Shown:
        # Who only listens is told of a rejected answer too, without its tokens.
        ends = [text for text in self.ends if text]
        return self.text or "".join(ends), ends


class Listener(Tokens, BaseCallbackHandler):
    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.text += str(token)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].text)


class AsyncListener(Tokens, AsyncCallbackHandler):
    async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.text += str(token)

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].text)
