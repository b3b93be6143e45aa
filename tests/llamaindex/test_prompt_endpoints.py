"""Templates: predict and structured_predict in all forms, by the same method of the chosen model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.prompts import PromptTemplate

from examples.stand_in import StandInModel, StandInServer
from tests.llamaindex.endpoints import PROMPT, City, responses_of, result_of

# Upstream's StructuredLLM streams with a method of pydantic that is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The `json` method is deprecated")


QUESTION = "How many people has Rome?"


@pytest.mark.parametrize("method", ["predict", "apredict", "stream", "astream"])
@pytest.mark.parametrize(("city", "model"), [("Rome", "gpt-4o-mini"), ("hard Rome", "gpt-4o")])
async def test_predict(
    pair: Callable[..., Any], stand_in: StandInServer, method: str, city: str, model: str
) -> None:
    llm = pair()
    assert f"[{model}]" in await result_of(llm, method, PROMPT, city=city)
    assert stand_in.calls() == {model: 1}
    stats = llm.routing_stats()
    if "stream" not in method:  # OpenAI sends no usage in a stream that was not asked for it
        assert (stats.strong if model == "gpt-4o" else stats.weak).tokens.output > 0


@pytest.mark.parametrize(
    "method",
    [
        "structured_predict",
        "astructured_predict",
        "stream_structured_predict",
        "astream_structured_predict",
    ],
)
@pytest.mark.parametrize(("city", "model"), [("Rome", "gpt-4o-mini"), ("hard Rome", "gpt-4o")])
async def test_structured_predict_goes_the_models_own_way(
    pair: Callable[..., Any], stand_in: StandInServer, method: str, city: str, model: str
) -> None:
    found = await result_of(pair(), method, City, PROMPT, city=city)
    assert isinstance(found, City)
    assert stand_in.calls() == {model: 1}
    # OpenAI's response_format, which the base class would not have used.
    assert stand_in.bodies(model)[0]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("method", ["structured_predict", "astructured_predict"])
async def test_a_schema_goes_to_the_model_that_can(
    openai_like: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    for weak in (openai_like("gpt-weak"), openai_like("instruct-weak", is_chat_model=False)):
        stand_in.reset()
        assert isinstance(await result_of(pair(weak=weak), method, City, PROMPT, city="Rome"), City)
        assert stand_in.calls() == {"gpt-4o": 1}


def test_a_model_with_schemas_but_no_tools_keeps_its_structured_calls(
    openai_like: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer
) -> None:
    llm = pair(weak=openai_like("gpt-weak", should_use_structured_outputs=True))
    assert isinstance(llm.structured_predict(City, PROMPT, city="Rome"), City)
    assert stand_in.calls() == {"gpt-weak": 1}


def test_the_callers_llm_kwargs_stay_as_they_are(pair: Callable[..., Any]) -> None:
    given: dict[str, Any] = {"temperature": 0.3}
    pair().structured_predict(City, PROMPT, llm_kwargs=given, city="Rome")
    assert given == {"temperature": 0.3}


@pytest.mark.parametrize("method", ["complete", "acomplete", "chat", "achat", "stream_chat", "astream_chat"])
async def test_structured_llm(pair: Callable[..., Any], stand_in: StandInServer, method: str) -> None:
    structured = pair().as_structured_llm(City)
    response = (await responses_of(structured, method, "Describe hard Rome with 12 people."))[-1]
    assert isinstance(response.raw, City)
    assert stand_in.calls() == {"gpt-4o": 1}


@pytest.mark.parametrize("method", ["predict", "apredict", "stream", "astream"])
async def test_structured_llm_scores_the_question_of_its_template(
    pair: Callable[..., Any], router: Any, method: str
) -> None:
    structured = pair(router=router).as_structured_llm(City)
    template = PromptTemplate("Context: {context_str}\nQuery: {query_str}\nAnswer:")
    await _drain(structured, method, template, context_str="hard " * 50, query_str=QUESTION)
    assert [text for batch in router.batches for text in batch] == [QUESTION]


async def _drain(llm: Any, method: str, prompt: PromptTemplate, **args: Any) -> None:
    result = getattr(llm, method)(prompt, **args)
    if method.startswith("a"):
        result = await result
    if method == "stream":
        list(result)
    elif method == "astream":
        [token async for token in result]


@pytest.mark.parametrize("method", ["structured_predict", "astructured_predict"])
async def test_escalate_on_parse_error(
    openai: Callable[..., Any], pair: Callable[..., Any], method: str
) -> None:
    models = (StandInModel("gpt-4o"), StandInModel("gpt-4o-mini", answer='{"name": 3}'))
    with StandInServer(models) as server:
        settings = {
            "strong": openai("gpt-4o", api_base=server.openai_url),
            "weak": openai("gpt-4o-mini", api_base=server.openai_url),
        }
        llm = pair(**settings, escalate_on="parse_error")
        assert isinstance(await result_of(llm, method, City, PROMPT, city="Rome"), City)
        assert server.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}
        stats = llm.routing_stats()
        assert (stats.requests, stats.escalations, stats.strong.calls, stats.weak.calls) == (1, 1, 1, 1)
        assert stats.weak.tokens.output > 0
        with pytest.raises(ValueError, match="City"):
            await result_of(pair(**settings), method, City, PROMPT, city="Rome")
