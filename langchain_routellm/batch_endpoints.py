"""BatchEndpoints: all prompts of a batch are scored in one call; each item then finds its score known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import get_config_list
from typing_extensions import override

from langchain_routellm.pair_settings import PairSettings
from routellm_core import RoutingRequest

Inputs = Sequence[LanguageModelInput]
Configs = RunnableConfig | Sequence[RunnableConfig] | None
ListedConfigs = RunnableConfig | list[RunnableConfig] | None


class BatchEndpoints(PairSettings):
    """The batch methods; the base class runs the items, each through `invoke` or `ainvoke`."""

    def score_ahead(self, inputs: Inputs, config: Configs, kwargs: Mapping[str, Any]) -> None:
        """Score all texts of a batch that have no score yet."""
        self.switchboard.dispatcher.score_ahead(self._requests(inputs, config, kwargs))

    async def ascore_ahead(self, inputs: Inputs, config: Configs, kwargs: Mapping[str, Any]) -> None:
        """Score all texts of a batch that have no score yet, without blocking the event loop."""
        await self.switchboard.dispatcher.ascore_ahead(self._requests(inputs, config, kwargs))

    @override
    def batch(
        self, inputs: list[LanguageModelInput], config: ListedConfigs = None, **kwargs: Any
    ) -> list[AIMessage]:
        self.score_ahead(inputs, config, kwargs)
        return super().batch(inputs, config, **kwargs)

    @override
    async def abatch(
        self, inputs: list[LanguageModelInput], config: ListedConfigs = None, **kwargs: Any
    ) -> list[AIMessage]:
        await self.ascore_ahead(inputs, config, kwargs)
        return await super().abatch(inputs, config, **kwargs)

    @override
    def batch_as_completed(
        self, inputs: Inputs, config: Configs = None, **kwargs: Any
    ) -> Iterator[tuple[int, Any]]:
        self.score_ahead(inputs, config, kwargs)
        yield from super().batch_as_completed(inputs, config, **kwargs)

    @override
    async def abatch_as_completed(
        self, inputs: Inputs, config: Configs = None, **kwargs: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        await self.ascore_ahead(inputs, config, kwargs)
        async for item in super().abatch_as_completed(inputs, config, **kwargs):
            yield item

    def _requests(self, inputs: Inputs, config: Configs, kwargs: Mapping[str, Any]) -> list[RoutingRequest]:
        configs = get_config_list(config, len(inputs)) if inputs else []
        arguments = {name: value for name, value in kwargs.items() if name != "return_exceptions"}
        board, requests = self.switchboard, []
        for input, item in zip(inputs, configs, strict=True):
            # An item that can't be read fails when its turn comes, and as the host reports failures.
            with suppress(Exception):
                requests.append(board.request(self.routed_call(input, item, None, dict(arguments))))
        return requests
