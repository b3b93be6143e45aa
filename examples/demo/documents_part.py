"""Part (c): a LlamaIndex query engine over this project's own documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm import RouteLLM
from routellm_core.routing.prices import TokenUsage

from examples.demo.model_call import ModelCall
from examples.demo.project_documents import project_documents
from examples.demo.word_retriever import WordRetriever


def ask_documents(llm: RouteLLM, questions: Sequence[str]) -> list[ModelCall]:
    """Return the calls of all questions: each question is scored, not the passages stuffed around it."""
    nodes = SentenceSplitter(chunk_size=256, chunk_overlap=20).get_nodes_from_documents(project_documents())
    engine = RetrieverQueryEngine.from_args(WordRetriever(nodes), llm=llm)
    calls = []
    for question in questions:
        with _answers() as answers:
            engine.query(question)
        calls += [_call(question, answer) for answer in answers]
    return calls


class _AnswerListener(BaseEventHandler):
    """A query engine returns text only; the model's answer and the decision's tags are in its events."""

    answers: list[LLMChatEndEvent] = []  # noqa: RUF012  (a pydantic field: every listener gets its own)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, LLMChatEndEvent):
            self.answers.append(event)


@contextmanager
def _answers() -> Iterator[list[LLMChatEndEvent]]:
    dispatcher, listener = get_dispatcher(), _AnswerListener()
    dispatcher.add_event_handler(listener)
    try:
        yield listener.answers
    finally:
        dispatcher.event_handlers.remove(listener)


def _call(question: str, answer: LLMChatEndEvent) -> ModelCall:
    raw: Any = answer.response.raw if answer.response else None
    details = raw.usage.prompt_tokens_details
    return ModelCall(
        part="docs",
        prompt=question,
        record={key.removeprefix("routellm."): value for key, value in (answer.tags or {}).items()},
        model=raw.model,
        usage=TokenUsage(
            raw.usage.prompt_tokens,
            raw.usage.completion_tokens,
            (details.cached_tokens or 0) if details else 0,
        ),
    )
