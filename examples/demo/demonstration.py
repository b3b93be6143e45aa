"""Demonstration: the three parts, run with real model classes behind one router."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from langchain_openai import ChatOpenAI
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai.utils import openai_modelname_to_contextsize

from langchain_routellm import ChatRouteLLM
from llamaindex_routellm import RouteLLM
from routellm_core import RoutingStats, load_router
from routellm_core.routing.prices import Prices

from examples.demo.agent_part import ask_agent
from examples.demo.chain_part import ask_chain
from examples.demo.documents_part import ask_documents
from examples.demo.model_call import ModelCall
from examples.demo.prompts import AGENT_TASKS, QUESTIONS
from examples.demo.settings import DemoSettings
from examples.providers import Endpoint


@dataclass(frozen=True)
class Demonstration:
    """What happened.

    Attributes:
        calls: all model calls, in order.
        refused: one line per prompt that the provider refused.
        stats: what LangChain's and LlamaIndex's routed models counted themselves.
        prices: of both sides, per million tokens.
        threshold: from this score on, strong answered.
    """

    calls: list[ModelCall]
    refused: list[str]
    stats: tuple[RoutingStats, RoutingStats]
    prices: Prices
    threshold: float

    @classmethod
    def run(cls, settings: DemoSettings, endpoint: Endpoint, report: Callable[[str], None]) -> Demonstration:
        """Make both routed models and ask them; `report` is told what is being done.

        Raises:
            ValueError: settings that the models or the router refuse.
            openai.OpenAIError: the provider can't be reached or refuses every call.
        """
        prices = settings.prices(endpoint.strong, endpoint.weak)
        router = load_router(settings.router)
        langchain = ChatRouteLLM(
            strong=ChatOpenAI(model=endpoint.strong, base_url=endpoint.base_url, api_key=endpoint.secret),
            weak=ChatOpenAI(model=endpoint.weak, base_url=endpoint.base_url, api_key=endpoint.secret),
            router=router,
            strong_share=settings.strong_share,
            share_window=None,  # one threshold for all that is shown
            prices=prices,
        )
        llamaindex = RouteLLM(
            strong=OpenAI(model=endpoint.strong, api_base=endpoint.base_url, api_key=endpoint.api_key),
            weak=OpenAI(model=endpoint.weak, api_base=endpoint.base_url, api_key=endpoint.api_key),
            router=router,
            strong_share=settings.strong_share,
            share_window=None,  # one threshold for all that is shown
            prices=prices,
        )
        _check_known(endpoint)
        report(f"chain: {len(settings.prompts)} prompts through prompt | model | parser, in LangChain")
        calls, refused = ask_chain(langchain, settings.prompts)
        report(f"agent: {len(AGENT_TASKS)} tasks for create_agent with two tools, in LangChain")
        calls += ask_agent(langchain, AGENT_TASKS)
        report(
            f"docs:  {len(QUESTIONS)} questions to a query engine over this project's files, in LlamaIndex"
        )
        calls += ask_documents(llamaindex, QUESTIONS)
        stats = (langchain.routing_stats(), llamaindex.routing_stats())
        return cls(calls, refused, stats, prices, langchain.route("").threshold)

    @property
    def cost(self) -> float:
        """What all calls cost, as the routed models counted."""
        return sum(stats.cost or 0.0 for stats in self.stats)

    @property
    def always_strong_cost(self) -> float:
        """What the same answers would have cost from the strong model alone."""
        return sum(stats.always_strong_cost or 0.0 for stats in self.stats)


def _check_known(endpoint: Endpoint) -> None:
    """Ask LlamaIndex before any call is paid for: it takes only the models whose window it knows."""
    for model in (endpoint.strong, endpoint.weak):
        try:
            openai_modelname_to_contextsize(model)
        except ValueError:
            raise ValueError(
                f"LlamaIndex's OpenAI class does not know the model {model!r}: expected one of OpenAI's."
            ) from None
