"""Attempt context: while a model is asked, what lies inside of it inherits the attempt's handlers.

LangChain's bindings, retries and configurable models add the handlers of the run around them to those that
they are given. Where an attempt's events are held back, the run around it would hear of it all the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, closing, contextmanager
from typing import TypeVar, cast

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config

T = TypeVar("T")

_OF_ONE_RUN = ("run_id", "run_name")
"""What a run inside of another one does not inherit."""


@contextmanager
def inherited(config: RunnableConfig) -> Iterator[None]:
    """Make a configuration the one that runs inside the block inherit, where they would inherit another."""
    before = var_child_runnable_config.get()
    if before is None:
        yield
        return
    inner = {name: value for name, value in config.items() if name not in _OF_ONE_RUN}
    handlers = config.get("callbacks")
    if isinstance(handlers, list):
        # LangChain adds a list to a list, and each handler would be called twice.
        inner["callbacks"] = BaseCallbackManager(handlers, handlers)
    var_child_runnable_config.set(cast(RunnableConfig, inner))
    try:
        yield
    finally:
        # Not by a token: a stream may be closed in another context than its own.
        var_child_runnable_config.set(before)


def stepped(config: RunnableConfig, parts: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield a stream's parts, each made inside of `inherited`; the reader keeps its own configuration."""
    with closing(parts):
        while True:
            try:
                with inherited(config):
                    part = next(parts)
            except StopIteration:
                return
            yield part


async def astepped(config: RunnableConfig, parts: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Do the same, async."""
    async with aclosing(parts):
        while True:
            try:
                with inherited(config):
                    part = await anext(parts)
            except StopAsyncIteration:
                return
            yield part
