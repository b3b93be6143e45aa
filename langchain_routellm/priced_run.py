"""PricedRun: what a call cost and saved, in the metadata of the chosen model's run, for tracers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.context import _tracing_v2_is_enabled
from typing_extensions import override

from langchain_routellm.usage import message_usage
from routellm_core import Decision


class PricedRun(BaseCallbackHandler):
    """Adds `routellm_cost` and `routellm_saving` to a run's metadata before the run ends."""

    run_inline = True
    """Before the tracers, which send a run when it ends."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision
        self._metadata: dict[str, Any] = {}

    @override
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the metadata, which the run of every tracer holds as well."""
        if metadata is not None:
            self._metadata = metadata

    @override
    def on_llm_end(
        self, response: LLMResult, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """Add what the call cost, this answer included."""
        account = self._decision.account
        generation = response.generations[0][0] if response.generations and response.generations[0] else None
        if account is None or not isinstance(generation, ChatGeneration):
            return
        money = account.money(self._decision.route, message_usage(generation.message))
        self._metadata |= {f"routellm_{name}": value for name, value in money.items()}


def with_costs(config: RunnableConfig, decision: Decision) -> RunnableConfig:
    """Return a configuration under which the run's metadata shows its cost, if a tracer is listening."""
    callbacks = config.get("callbacks")
    if decision.account is None or not decision.account.is_priced:
        return config
    if not callbacks and not _tracing_v2_is_enabled():
        return config
    priced = PricedRun(decision)
    if isinstance(callbacks, BaseCallbackManager):
        manager = callbacks.copy()
        # At the front, and not for the runs inside of this one.
        manager.handlers = [priced, *manager.handlers]
        return {**config, "callbacks": manager}
    return {**config, "callbacks": [priced, *(callbacks or [])]}
