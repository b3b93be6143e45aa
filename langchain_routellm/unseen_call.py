"""UnseenCall: a call whose answer the caller never sees, such as a checker's; only tracers show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from langchain_routellm.routed_call import RoutedCall
from langchain_routellm.shown_attempts import listens, shows
from langchain_routellm.side import Side
from langchain_routellm.usage import message_usage
from routellm_core.routing.shadow_sample import Shown


@dataclass(frozen=True)
class UnseenCall:
    """A routed call's input, for another model.

    Attributes:
        call: as read by the router.
        side: holds the model.
        config: the call's own, or a child of it.
        role: what the model is asked for, as tag and metadata.
        traced: whether the call's own tracers see it.
    """

    call: RoutedCall
    side: Side
    config: RunnableConfig
    role: str
    traced: bool = True

    def ask(self) -> AIMessage:
        """Ask the model."""
        runnable, input, config, kwargs = self._prepared()
        answer: AIMessage = runnable.invoke(input, config, **kwargs)
        return answer

    async def aask(self) -> AIMessage:
        """Ask the model, async."""
        runnable, input, config, kwargs = self._prepared()
        answer: AIMessage = await runnable.ainvoke(input, config, **kwargs)
        return answer

    def _prepared(self) -> tuple[Any, Any, RunnableConfig, dict[str, Any]]:
        side = self.side.under(self.config)
        runnable, kwargs = self.call.runnable_of(side)
        config: RunnableConfig = {
            **self.config,
            "callbacks": _unseen(self.config) if self.traced else [],
            "tags": [*(self.config.get("tags") or []), f"routellm:{self.role}"],
            "metadata": {**(self.config.get("metadata") or {}), "routellm_role": self.role},
        }
        # It is the answer's.
        config.pop("run_id", None)
        return runnable, self.call.input_for(side), side.merged_config(config), kwargs

    def shown(self) -> Shown:
        """Ask the model, and return what its answer shows."""
        return shown_answer(self.ask())


def shown_answer(message: object) -> Shown:
    """Return an answer's text and tokens."""
    return Shown(text_of(message), message_usage(message))


def is_comparable(call: RoutedCall) -> bool:
    """Return whether the answers of two models to a call can be compared: plain answers can."""
    return call.compared and not (call.kwargs.get("tools") or call.kwargs.get("response_format"))


def text_of(message: object) -> str | None:
    """Return an answer's text; None if it calls a tool."""
    if not isinstance(message, AIMessage) or message.tool_calls:
        return None
    return str(message.text)


def _unseen(config: RunnableConfig) -> BaseCallbackManager | list[BaseCallbackHandler]:
    """Return the callbacks without those that show an answer or its tokens."""

    def kept(handlers: list[BaseCallbackHandler]) -> list[BaseCallbackHandler]:
        return [handler for handler in handlers if not (shows(handler) or listens(handler))]

    callbacks = config.get("callbacks")
    if isinstance(callbacks, BaseCallbackManager):
        manager = callbacks.copy()
        manager.handlers = kept(callbacks.handlers)
        manager.inheritable_handlers = kept(callbacks.inheritable_handlers)
        return manager
    return kept(list(callbacks or []))
