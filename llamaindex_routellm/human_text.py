"""Human texts: what a person wrote in a conversation, without what hosts and agents put in a person's mouth.

ReAct and code agents hand tool results and complaints back as user messages, memories put themselves into
them, and engines render templates into them. None of that is a question to score.
"""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock

from llamaindex_routellm.agent_state import without_state
from llamaindex_routellm.rendered_prompt import NO_QUESTION, is_memory_summary, question_in
from routellm_core.routing.request import scored_text

# How each agent opens the messages that it writes as the user, after a message of the model.
_REACT_OBSERVATION = "Observation:"
_REACT_COMPLAINTS = (
    "Error while parsing the output:",
    "FAILURE: Your previous response was empty.",
)
_CODE_RESULT = "Result of executing the code given:\n\n"


def question_of_messages(messages: Sequence[ChatMessage]) -> str | None:
    """Return the text to score in a conversation: its newest human text.

    Returns:
        The text; NO_QUESTION if a program asks for itself; None if there is no text.
    """
    texts = human_texts(messages)
    return NO_QUESTION if texts[-1:] == [NO_QUESTION] else scored_text(texts)


def human_texts(messages: Sequence[ChatMessage]) -> list[str]:
    """Return what a person wrote, oldest first; NO_QUESTION, last, if a program asks for itself."""
    texts: list[str] = []
    previous: ChatMessage | None = None
    for message in messages:
        if is_human(message, previous):
            text = text_of(message)
            question = question_in(text)
            if _is_housekeeping(text, question, previous):
                # Over a conversation: no text of that conversation is its question.
                texts = [NO_QUESTION]
            elif question.strip():
                texts.append(question)
        previous = message
    return texts


def is_human(message: ChatMessage, previous: ChatMessage | None) -> bool:
    """Return whether a person wrote a message, and not an agent in the person's name."""
    return message.role == MessageRole.USER and not _written_by_an_agent(message, previous)


def text_of(message: ChatMessage) -> str:
    """Return a message's text, without the memory and the state that LlamaIndex may have put around it."""
    texts = [without_state(block.text) for block in message.blocks if isinstance(block, TextBlock)]
    if len(texts) > 1:
        texts = [text for text in texts if not _is_memory(text)]
    return "\n".join(texts)


def _is_memory(text: str) -> bool:
    stripped = text.strip()
    return stripped.startswith("<memory>") and stripped.endswith("</memory>")


def _written_by_an_agent(message: ChatMessage, previous: ChatMessage | None) -> bool:
    if previous is None or previous.role != MessageRole.ASSISTANT:
        return False
    text = text_of(message)
    if text.startswith(_REACT_OBSERVATION):
        # A person may begin so too; a ReAct loop does it after an action of the model.
        said = previous.content or ""
        return "Action:" in said and "Action Input:" in said
    if text.startswith(_CODE_RESULT):
        return "<execute>" in (previous.content or "")
    return text.startswith(_REACT_COMPLAINTS)


def _is_housekeeping(text: str, question: str, previous: ChatMessage | None) -> bool:
    if question == NO_QUESTION:
        return bool(text.strip())
    return previous is not None and _asks_for_summary(previous)


def _asks_for_summary(message: ChatMessage) -> bool:
    return message.role == MessageRole.SYSTEM and is_memory_summary(message.content or "")
