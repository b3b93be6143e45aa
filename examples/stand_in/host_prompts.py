"""Answers in the forms that LlamaIndex asks for in plain text: ReAct steps, choices, JSON in markdown."""

from __future__ import annotations

import json
import re

from examples.stand_in.plain_answers import best_sentence
from examples.stand_in.prompt import Prompt
from examples.stand_in.schema_values import PromptValues
from examples.stand_in.words import content_words

_REACT_TOOL = re.compile(
    r"> Tool Name: (?P<name>\S+)\nTool Description: (?P<description>.*?)\nTool Args: (?P<schema>\{.*?\})\s*$",
    re.MULTILINE | re.DOTALL,
)
_CHOICE = re.compile(r"^\((\d+)\)\s*(.+)$", re.MULTILINE)
_ASKED = re.compile(r"relevant to the question: '(.*)'", re.DOTALL)
_FOLLOW_UP = re.compile(
    r"(?:Follow Up Input:|<Follow Up Message>)\s*(.+?)\s*(?:Standalone question|<Standalone)", re.DOTALL
)
_TOOLS_JSON = re.compile(
    r"<Tools>\s*```json\s*(\{.*?\})\s*```\s*<User Question>\s*(.+?)\s*(?:<Output>|$)", re.DOTALL
)
_SIGNATURE_WORDS = frozenset(["str", "int", "float", "bool", "list", "dict", "number", "tool"])
_DONE = "Thought: I can answer without using any more tools. I'll use the user's language to answer"


def answer_host_prompt(prompt: Prompt) -> str | None:
    """The answer in the form the prompt asks for; None when it asks for none of them."""
    system, text = prompt.system, prompt.user
    whole = f"{system}\n{text}"
    if "Action Input" in whole and "Tool Name:" in whole:
        return _react_step(prompt, whole)
    if "reason:" in whole and "choice:" in whole and (asked := _ASKED.search(whole)):
        return json.dumps([_choice(whole, asked.group(1))])
    if follow_up := _FOLLOW_UP.search(whole):
        return follow_up.group(1)
    if "sub-questions" in whole and (sections := _TOOLS_JSON.findall(whole)):
        tools, question = sections[-1]
        items = [{"sub_question": question, "tool_name": name} for name in json.loads(tools)]
        return f"```json\n{json.dumps({'items': items})}\n```"
    if "YES or NO" in whole or "answer YES" in whole:
        return "YES"
    schema = _schema_in(whole)
    if schema is not None:
        return json.dumps(
            PromptValues(text.partition("Here's a JSON schema")[0]).fill(schema), ensure_ascii=False
        )
    return None


def _react_step(prompt: Prompt, whole: str) -> str:
    observations = [
        turn.text for turn in prompt.turns if turn.role == "user" and turn.text.startswith("Observation:")
    ]
    questions = [
        turn.text for turn in prompt.turns if turn.role == "user" and not turn.text.startswith("Observation:")
    ]
    question = questions[-1] if questions else prompt.user
    if prompt.user.startswith("Observation:"):
        return f"{_DONE}\nAnswer: [{prompt.model}] {observations[-1].removeprefix('Observation:').strip()}"
    asked = set(content_words(question))
    for name, description, schema in _REACT_TOOL.findall(whole):
        named = asked & (set(content_words(f"{name} {description}")) - _SIGNATURE_WORDS)
        numeric = '"integer"' in schema or '"number"' in schema
        if named or (numeric and re.search(r"\d", question)):
            arguments = PromptValues(question).fill(json.loads(schema))
            call = f"Action: {name}\nAction Input: {json.dumps(arguments, ensure_ascii=False)}"
            return f"Thought: The current language of the user is: English. I need to use a tool.\n{call}"
    return f"{_DONE}\nAnswer: [{prompt.model}] In short: {' '.join(question.split()[:12])}"


def _choice(whole: str, question: str) -> dict[str, object]:
    choices = _CHOICE.findall(whole)
    best = best_sentence("\n".join(text for _, text in choices), question)
    number = next((int(number) for number, text in choices if best and best in text), 1)
    return {"choice": number, "reason": "It shares the most words with the question."}


def _schema_in(text: str) -> dict[str, object] | None:
    """The JSON schema written out in the prompt, as text-completion programs do."""
    marker = text.find("JSON schema")
    start = text.find("{", marker)
    if marker < 0 or start < 0:
        return None
    written = text[start:]
    if written.startswith("{{"):
        # LlamaIndex sends a chat's schema to completion models with its template escapes still in it.
        written = written.replace("{{", "{").replace("}}", "}")
    try:
        schema, _ = json.JSONDecoder().raw_decode(written)
    except ValueError:
        return None
    return schema if isinstance(schema, dict) and "properties" in schema else None
