"""RoutingRun: the optional parent run of `trace_routing=True`, which times the decision in a tracer."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from langchain_core.callbacks import (
    AsyncCallbackManagerForChainRun,
    BaseCallbackManager,
    CallbackManagerForChainRun,
)
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import (
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    patch_config,
)

from langchain_routellm.attempt import Attempt
from langchain_routellm.routed_call import RoutedCall
from routellm_core import Decision

RUN_NAME = "ChatRouteLLM"


def routing_run(call: RoutedCall) -> RoutingRun | NoRun:
    """Return the run around a call, to be used by `with` or `async with`."""
    return RoutingRun(call) if call.traced else NO_RUN


class RoutingRun:
    """A chain run around a call.

    Attributes:
        config: for the inner model's run: a child of this one.
        record: the decision, which the run reports in the end.
    """

    def __init__(self, call: RoutedCall) -> None:
        self.config = call.config
        self.record: dict[str, Any] = {}
        self._messages = call.messages
        self._run: CallbackManagerForChainRun | None = None
        self._async_run: AsyncCallbackManagerForChainRun | None = None

    def attempt(self, call: RoutedCall, decision: Decision) -> Attempt:
        """Return what to call for a decision, under this run, and keep the decision."""
        attempt = call.attempt(decision, self.config)
        self.record = attempt.record
        return attempt

    def child_config(self, call: RoutedCall) -> RunnableConfig:
        """Return the configuration of a call under this run."""
        return self.config

    def __enter__(self) -> Self:
        manager = get_callback_manager_for_config(self.config)
        self._run = manager.on_chain_start(None, self._inputs, **self._names)
        self._opened(self._run.get_child())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is not None and error is not None:
            self._run.on_chain_error(error)
        elif self._run is not None:
            self._run.on_chain_end(self.record)

    async def __aenter__(self) -> Self:
        manager = get_async_callback_manager_for_config(self.config)
        self._async_run = await manager.on_chain_start(None, self._inputs, **self._names)
        self._opened(self._async_run.get_child())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._async_run is not None and error is not None:
            await self._async_run.on_chain_error(error)
        elif self._async_run is not None:
            await self._async_run.on_chain_end(self.record)

    @property
    def _inputs(self) -> dict[str, Any]:
        return {"messages": self._messages}

    @property
    def _names(self) -> dict[str, Any]:
        return {"name": self.config.get("run_name") or RUN_NAME, "run_id": self.config.get("run_id")}

    def _opened(self, child: BaseCallbackManager) -> None:
        self.config = patch_config(self.config, callbacks=child)
        # They name this run; the inner one gets its own.
        self.config.pop("run_id", None)
        self.config.pop("run_name", None)


class NoRun:
    """Takes the place of the run if none is wanted, and does nothing."""

    def attempt(self, call: RoutedCall, decision: Decision) -> Attempt:
        """Return what to call for a decision, under the call's own configuration."""
        return call.attempt(decision)

    def child_config(self, call: RoutedCall) -> RunnableConfig:
        """Return the call's own configuration."""
        return call.config

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...


NO_RUN = NoRun()
