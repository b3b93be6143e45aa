"""UnseenCall: a call whose answer the caller never sees, such as a checker's; only tracers show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs

from langchain_routellm.attempt_context import inherited
from langchain_routellm.routed_call import RoutedCall
from langchain_routellm.shown_attempts import listens, shows
from langchain_routellm.side import Side
from langchain_routellm.tool_steps import calls_of
from langchain_routellm.usage import AnswerRecorder, message_usage
from routellm_core.routing.shown_answer import ShownAnswer


@dataclass(frozen=True)
class UnseenCall:
    """A routed call's input, for another model, with the same tools or schema; it runs no tool.

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

    def ask(self) -> ShownAnswer:
        """Ask the model, and return what its answer shows.

        Raises:
            Exception: the model's own, or a ValueError if it does not take the schema.
        """
        recorder = AnswerRecorder()
        runnable, input, config, kwargs = self._prepared(recorder)
        with inherited(config):
            return self._shown(runnable.invoke(input, config, **kwargs), recorder)

    async def aask(self) -> ShownAnswer:
        """Ask the model, async."""
        recorder = AnswerRecorder()
        runnable, input, config, kwargs = self._prepared(recorder)
        with inherited(config):
            return self._shown(await runnable.ainvoke(input, config, **kwargs), recorder)

    def _prepared(
        self, recorder: AnswerRecorder
    ) -> tuple[Runnable[Any, Any], Any, RunnableConfig, dict[str, Any]]:
        side, schema = self.side.under(self.config), self.call.schema
        runnable, kwargs = self.call.runnable_of(side)
        config: RunnableConfig = {
            **self.config,
            "callbacks": _unseen(self.config) if self.traced else [],
            "tags": [*(self.config.get("tags") or []), f"routellm:{self.role}"],
            "metadata": {**(self.config.get("metadata") or {}), "routellm_role": self.role},
        }
        # It is the answer's.
        config.pop("run_id", None)
        if schema is not None:
            chain = schema.chain_of(self.side.route, kwargs)
            if chain is None:
                raise ValueError(f"the {self.role} takes no such schema.")
            runnable, kwargs = chain, {}
            config = merge_configs(config, {"callbacks": [recorder]})
        return runnable, self.call.input_for(side), side.merged_config(config), kwargs

    def _shown(self, answer: object, recorder: AnswerRecorder) -> ShownAnswer:
        if self.call.schema is None:
            return ShownAnswer(value_of(answer), message_usage(answer))
        return ShownAnswer(self.call.schema.value_of(answer), recorder.usage)


def value_of(message: object) -> object:
    """Return what is compared of a message: its tool calls, else its text; None if it is no answer."""
    if not isinstance(message, AIMessage):
        return None
    return calls_of(message) or str(message.text)


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
