"""Rendered prompts: questions found again in texts that LlamaIndex rendered before the model saw them.

Most prompts reach the router as a template with its variables, and `template_question.py` reads those. A few
callers render first and then call `complete()` or `chat()` with plain text. Their templates are constants of
LlamaIndex, so the text can be taken apart again; constants are looked up in modules that are loaded already,
since a caller whose module is not loaded can't have made the text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache

from llamaindex_routellm.rendered_template import RenderedTemplate, between
from routellm_core.routing.request import scored_text
from routellm_core.routing.stuffed_prompt import stuffed_question

NO_QUESTION = ""
"""Marks a text that is housekeeping and holds no human question."""

# Module, constant, and the variable that holds the question; None if the text holds none.
_TEMPLATES: tuple[tuple[str, str, str | None], ...] = (
    ("llama_index.core.chat_engine.condense_question", "DEFAULT_TEMPLATE", "question"),
    ("llama_index.core.chat_engine.condense_plus_context", "DEFAULT_CONDENSE_PROMPT_TEMPLATE", "question"),
    (
        "llama_index.core.chat_engine.multi_modal_condense_plus_context",
        "DEFAULT_CONDENSE_PROMPT_TEMPLATE",
        "question",
    ),
    ("llama_index.core.retrievers.fusion_retriever", "QUERY_GEN_PROMPT", "query"),
    ("llama_index.core.prompts.default_prompts", "RANKGPT_RERANK_PROMPT_TMPL", "query"),
    # Multi-modal engines render their templates beside the images.
    ("llama_index.core.prompts.default_prompts", "DEFAULT_TEXT_QA_PROMPT_TMPL", "query_str"),
    ("llama_index.core.evaluation.multi_modal.relevancy", "DEFAULT_EVAL_TEMPLATE", "query_str"),
    ("llama_index.core.evaluation.multi_modal.faithfulness", "DEFAULT_EVAL_TEMPLATE", None),
    # Selectors that ask for an object.
    ("llama_index.core.selectors.prompts", "DEFAULT_SINGLE_PYD_SELECT_PROMPT_TMPL", "query_str"),
    ("llama_index.core.selectors.prompts", "DEFAULT_MULTI_PYD_SELECT_PROMPT_TMPL", "query_str"),
    ("llama_index.core.selectors.prompts", "DEFAULT_SINGLE_SELECT_PROMPT_TMPL", "query_str"),
    ("llama_index.core.selectors.prompts", "DEFAULT_MULTI_SELECT_PROMPT_TMPL", "query_str"),
    ("llama_index.core.memory.memory_blocks.fact", "DEFAULT_FACT_EXTRACT_PROMPT", None),
    ("llama_index.core.memory.memory_blocks.fact", "DEFAULT_FACT_CONDENSE_PROMPT", None),
)

_Templates = tuple[tuple[str, ...], tuple[tuple[RenderedTemplate, str | None], ...]]
"""The templates' fixed openings, and each template with its variable that holds the question."""

# Written inside a function of the document context extractor, so there is no constant to look up.
_CHUNK_IN_DOCUMENT = "Here is the chunk we want to situate within the whole document:\n<chunk>"

# Every one of these templates is longer, and most questions are shorter.
_SHORTEST_RENDERING = 100

_PYDANTIC_PARSER = "llama_index.core.output_parsers.pydantic"

_AGENT_CONVERSATION = "<current_conversation>"
_USER_MESSAGE = ("\t<user>\n", "\t</user>")
_MESSAGE_TEXT = ("\t\t<message>", "</message>\n")

_SAID = re.compile(r"^user: (.*)$", re.MULTILINE)

_RELEVANCY_QUERY = re.compile(r"Question: (.*?)\nResponse: ", re.DOTALL)


def question_in(text: str) -> str:
    """Return the question inside a text that a person or LlamaIndex wrote.

    Returns:
        The question of a template that was rendered into the text, else the text itself without what an
        output parser added; NO_QUESTION for housekeeping such as extracting facts for a memory.
    """
    if len(text) < _SHORTEST_RENDERING:
        return text
    text = _without_schema(text)
    found = rendered_question(text)
    return found if found is not None else stuffed_question(text) or text


def rendered_question(text: str) -> str | None:
    """Return the question inside a text that LlamaIndex rendered.

    Returns:
        The question; NO_QUESTION for housekeeping; None if the text is not one of LlamaIndex's renderings
        and stands for itself.
    """
    if len(text) < _SHORTEST_RENDERING:
        return None
    if text.startswith(_CHUNK_IN_DOCUMENT):
        return NO_QUESTION
    if text.startswith(_AGENT_CONVERSATION):
        return _last_of_conversation(text)
    # Searched again after a module was loaded; counting modules is cheaper than searching.
    openings, templates = _loaded_templates(len(sys.modules))
    if text.startswith(openings):
        for template, variable in templates:
            found = template.variables(text)
            if found is not None:
                return NO_QUESTION if variable is None else _question(found, variable)
    return None


def evaluated_question(query: str) -> str:
    """Return the question of a query that RelevancyEvaluator made of a question and the answer to judge."""
    found = _RELEVANCY_QUERY.match(query)
    return found[1] if found else query


def judges_an_answer_alone(template: str) -> bool:
    """Return whether a template is FaithfulnessEvaluator's, whose `query_str` is the answer being judged."""
    module = sys.modules.get("llama_index.core.evaluation.faithfulness")
    if module is None:
        return False
    known = [
        getattr(module, "DEFAULT_EVAL_TEMPLATE", None),
        getattr(module, "DEFAULT_REFINE_TEMPLATE", None),
        *getattr(module, "TEMPLATES_CATALOG", {}).values(),
    ]
    return any(template == getattr(prompt, "template", None) for prompt in known)


def is_memory_summary(system_text: str) -> bool:
    """Return whether a system message is the one with which ChatSummaryMemoryBuffer asks for a summary."""
    module = sys.modules.get("llama_index.core.memory.chat_summary_memory_buffer")
    return module is not None and system_text == getattr(module, "SUMMARIZE_PROMPT", None)


def history_texts(history: str) -> list[str]:
    """Return the human messages of a conversation that LlamaIndex rendered as one text."""
    return _SAID.findall(history)


def _question(found: Mapping[str, str], variable: str) -> str | None:
    asked = evaluated_question(found[variable])
    return scored_text([*history_texts(found.get("chat_history", "")), asked])


def _without_schema(text: str) -> str:
    """Return a text without the schema that PydanticOutputParser adds at its end."""
    module = sys.modules.get(_PYDANTIC_PARSER)
    added = None if module is None else _schema_template(getattr(module, "PYDANTIC_FORMAT_TMPL", ""))
    if added is None:
        return text
    start = text.rfind(added.opening)
    return text[:start].rstrip() if start >= 0 and added.variables(text[start:]) is not None else text


@lru_cache(maxsize=1)
def _schema_template(template: str) -> RenderedTemplate | None:
    taken_apart = RenderedTemplate.from_template(template)
    return taken_apart if taken_apart.opening and len(taken_apart.parts) == 1 else None


@lru_cache(maxsize=1)
def _loaded_templates(loaded_modules: int) -> _Templates:
    """Return the templates of the modules that are loaded by now."""
    found = []
    for module, constant, variable in _TEMPLATES:
        template = _constant(module, constant) if module in sys.modules else None
        if template is not None:
            found.append((RenderedTemplate.from_template(template), variable))
    return tuple(template.opening for template, _ in found), tuple(found)


def _constant(module: str, constant: str) -> str | None:
    value = getattr(sys.modules[module], constant, None)
    if value is None or isinstance(value, str):
        return value
    text = getattr(value, "template_str", None) or getattr(value, "template", None)
    return text if isinstance(text, str) else None


def _last_of_conversation(text: str) -> str:
    """Return the last user message of the conversation that an agent wraps for its structured output."""
    users = list(between(text, *_USER_MESSAGE))
    if not users:
        return NO_QUESTION
    newest = users[-1].removeprefix("\n").removesuffix("\n")
    return "\n".join(between(newest + "\n", *_MESSAGE_TEXT)) or NO_QUESTION
