"""RoutingRun: the optional parent run of `trace_routing=True`, which times the decision in a tracer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import (
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    patch_config,
)

A = TypeVar("A", bound=BaseMessage)

RUN_NAME = "ChatRouteLLM"


class Outcome:
    """What the parent run reports in the end."""

    def __init__(self, config: RunnableConfig) -> None:
        self.config = config
        self.record: dict[str, Any] = {}

    def finished(self, answer: A) -> A:
        """Keep the decision that an answer, or the first chunk of one, carries."""
        self.record = answer.response_metadata.get("routellm") or self.record
        return answer


@contextmanager
def routing_run(enabled: bool, config: RunnableConfig, messages: list[BaseMessage]) -> Iterator[Outcome]:
    """Open a chain run around a call; the configuration for the inner run is in the outcome."""
    if not enabled:
        yield Outcome(config)
        return
    manager = get_callback_manager_for_config(config)
    run = manager.on_chain_start(
        None, {"messages": messages}, name=config.get("run_name") or RUN_NAME, run_id=config.get("run_id")
    )
    outcome = Outcome(_child(config, run.get_child()))
    try:
        yield outcome
    except BaseException as error:
        run.on_chain_error(error)
        raise
    run.on_chain_end(outcome.record)


@asynccontextmanager
async def arouting_run(
    enabled: bool, config: RunnableConfig, messages: list[BaseMessage]
) -> AsyncIterator[Outcome]:
    """Open a chain run around a call, async."""
    if not enabled:
        yield Outcome(config)
        return
    manager = get_async_callback_manager_for_config(config)
    run = await manager.on_chain_start(
        None, {"messages": messages}, name=config.get("run_name") or RUN_NAME, run_id=config.get("run_id")
    )
    outcome = Outcome(_child(config, run.get_child()))
    try:
        yield outcome
    except BaseException as error:
        await run.on_chain_error(error)
        raise
    await run.on_chain_end(outcome.record)


def _child(config: RunnableConfig, callbacks: Any) -> RunnableConfig:
    child = patch_config(config, callbacks=callbacks)
    # They name the parent; the inner run gets its own.
    child.pop("run_id", None)
    child.pop("run_name", None)
    return child
