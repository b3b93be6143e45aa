"""Housekeeping: calls that a program makes for itself, recognised by LangChain's marks and templates."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig

MARKS = ("lc_internal_call", "lc_source")
"""Metadata by which LangChain's middlewares mark their own calls: summaries, the choice of tools."""

OPENINGS = (
    # Summaries: SummarizationMiddleware, langmem and LangGraph's how-to, LangChain's memories.
    "<role>\ncontext extraction assistant",
    "create a summary of the conversation",
    "extend the summary by taking into account",
    "this is a summary of the conversation to date:",
    "this is summary of the conversation to date:",
    "progressively summarize the lines of conversation",
    "distill the above chat messages into a single summary",
    "summarize the conversation",
    # Stand-alone questions: create_history_aware_retriever's guides, ConversationalRetrievalChain.
    "given a chat history and the latest user question",
    "given the following conversation and a follow up question",
    "given the above conversation, generate a search query",
    "look at the input and try to reason about the underlying semantic intent",
    # Other questions for a retriever: MultiQueryRetriever.
    "you are an ai language model assistant. your task is to generate",
    # Titles.
    "generate a title for",
    "generate a short title",
    "generate a concise title",
    "create a title for",
    "write a title for",
    "summarize this conversation in a title",
)
"""How the instructions of such calls begin, in lower case, in a system message or in the last message."""

_LONGEST_OPENING = max(map(len, OPENINGS))


def is_housekeeping(input: str | Sequence[BaseMessage], config: RunnableConfig) -> bool:
    """Return whether a program makes this call for itself, and not to answer a person."""
    metadata = config.get("metadata")
    if metadata and any(mark in metadata for mark in MARKS):
        return True
    if isinstance(input, str):
        return _opens(input)
    return any(map(_opens, _instructions(input)))


def _instructions(input: Sequence[BaseMessage]) -> Sequence[str]:
    """Return the places where an instruction may be: first, or last, after the messages that it is about."""
    ends = [*input[:1], *input[1:][-1:]]
    return [message.content for message in ends
            if message.type in ("system", "human") and isinstance(message.content, str)]  # fmt: skip


def _opens(instruction: str) -> bool:
    return instruction[: _LONGEST_OPENING + 8].lstrip().lower().startswith(OPENINGS)
