"""LangChain's own acceptance suite (langchain-tests), in the set-ups that a router has.

The unit half names the models as strings, the integration half gives objects. Off are the tests that download
files from the web (media), and the recorded ones (VCR).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

pytest.importorskip("langchain_tests", reason="langchain-tests is not installed")
pytest.importorskip("langchain_anthropic", reason="langchain-anthropic is not installed")

from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_routellm import ChatRouteLLM
from routellm_core import Router

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_anthropic, chat_openai
from tests.routers import AlternatingRouter, FixedRouter

# The models' own: OpenAI's on serialising parsed answers, each on a method or schema that it does not know.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

TO_STRONG, TO_WEAK = FixedRouter(1.0), FixedRouter(0.0)
TIERS = {"tier_names": ["nano", "mini", "full"], "thresholds": [0.3, 0.7]}


@pytest.fixture(scope="module", autouse=True)
def _endpoints(server: StandInServer) -> Iterator[None]:
    """Point models that are given as strings to the server, as a user does for a gateway."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_BASE", server.openai_url)
        patch.setenv("ANTHROPIC_API_URL", server.anthropic_url)
        patch.setenv("OPENAI_API_KEY", "test-key")
        patch.setenv("ANTHROPIC_API_KEY", "test-key")
        yield


class Unit(ChatModelUnitTests):
    router: ClassVar[Router]
    weak_name: ClassVar[str] = "openai:gpt-weak"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatRouteLLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "strong": "openai:gpt-strong",
            "weak": self.weak_name,
            "router": self.router,
            "threshold": 0.5,
            # Not the router's: they reach the models.
            "stream_usage": True,
        }


class Integration(ChatModelIntegrationTests):
    router: ClassVar[Router]
    with_anthropic: ClassVar[bool] = False
    kwargs: ClassVar[dict[str, Any]] = {}
    url: ClassVar[StandInServer]

    @pytest.fixture(autouse=True)
    def _server(self, server: StandInServer) -> None:
        type(self).url = server

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatRouteLLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        weak = (
            chat_anthropic(self.url, "claude-weak")
            if self.with_anthropic
            else chat_openai(self.url, "gpt-weak")
        )
        strong = chat_openai(self.url, "gpt-strong")
        return {"strong": strong, "weak": weak, "router": self.router, "threshold": 0.5}

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return self.kwargs

    @property
    def supports_json_mode(self) -> bool:
        # Anthropic has no such mode; the suite runs it where the answering model has.
        return not (self.with_anthropic and self.router is TO_WEAK)

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "claude-strong" if self.with_anthropic and self.router is TO_WEAK else "gpt-4o-mini"


class TestStrongUnit(Unit):
    router = TO_STRONG


class TestWeakUnit(Unit):
    router = TO_WEAK


class TestAlternatingUnit(Unit):
    router = AlternatingRouter()


class TestMixedStrongUnit(Unit):
    router, weak_name = TO_STRONG, "anthropic:claude-weak"


class TestMixedWeakUnit(Unit):
    router, weak_name = TO_WEAK, "anthropic:claude-weak"


class TestStrongIntegration(Integration):
    router = TO_STRONG


class TestWeakIntegration(Integration):
    router = TO_WEAK


class TestAlternatingIntegration(Integration):
    router = AlternatingRouter()


class TestMixedStrongIntegration(Integration):
    router, with_anthropic = TO_STRONG, True


class TestMixedWeakIntegration(Integration):
    router, with_anthropic = TO_WEAK, True


class TestFunctionCallingIntegration(Integration):
    router, kwargs = TO_STRONG, {"method": "function_calling"}


class TestTiersUnit(Unit):
    router = FixedRouter(0.5)

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, **TIERS, "between": ["openai:gpt-4o-mini"], "threshold": None}


class TestTiersIntegration(Integration):
    router = FixedRouter(0.5)

    @property
    def chat_model_params(self) -> dict[str, Any]:
        between = [chat_openai(self.url, "gpt-4o-mini")]
        return {**super().chat_model_params, **TIERS, "between": between, "threshold": None}

    @property
    def model_override_value(self) -> str:
        return "gpt-4o"
