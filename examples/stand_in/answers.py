"""The built-in answers: what a model says when no script is given. The same prompt, the same answer."""

from __future__ import annotations

import json
import re

from examples.stand_in.host_prompts import answer_host_prompt
from examples.stand_in.judge_answers import judge_answer
from examples.stand_in.model import Answer, ToolCall
from examples.stand_in.plain_answers import best_sentence, plain_answer, question_and_context
from examples.stand_in.prompt import Prompt, Tool
from examples.stand_in.reader_answers import reader_answer
from examples.stand_in.schema_values import PromptValues
from examples.stand_in.words import content_words

# Words that name tools and agents in general, and so tell none of them apart.
_TOOL_TALK = frozenset(
    re.findall(
        r"\w+",
        "use tool get set return given input value number call function handoff agent new help user hand",
    )
)


def built_in_answer(prompt: Prompt) -> Answer:
    """A tool call where one is due, JSON where a schema is asked for, else a short text."""
    tool = _due_tool(prompt)
    thinking = f"The user wants: {prompt.user[:60]}" if prompt.thinking else ""
    if tool is not None:
        arguments = PromptValues("\n".join((prompt.user, *prompt.tool_results))).fill(tool.schema)
        if "to_agent" in arguments:
            arguments["to_agent"] = _next_agent(tool, prompt.user)
        return Answer(tool_calls=(ToolCall(tool.name, arguments),), thinking=thinking)
    return Answer(text=_text(prompt), thinking=thinking)


def _text(prompt: Prompt) -> str:
    if prompt.schema is not None:
        question, context = question_and_context(prompt)
        source = "\n".join((question, best_sentence(context, question), *prompt.tool_results))
        return json.dumps(PromptValues(source).fill(prompt.schema), ensure_ascii=False)
    if prompt.json_object:
        return json.dumps(_named_keys(prompt), ensure_ascii=False)
    known = judge_answer(prompt) or reader_answer(prompt) or answer_host_prompt(prompt)
    if known is not None:
        return known
    if prompt.tool_results:
        return f"[{prompt.model}] The result is: {' '.join(prompt.tool_results)[:400]}"
    return f"[{prompt.model}] {plain_answer(prompt)}"


def _named_keys(prompt: Prompt) -> dict[str, str]:
    """JSON mode gives no schema: the keys are those the prompt puts in quotes."""
    text = "\n".join(turn.text for turn in prompt.turns if turn.role in ("system", "user"))
    keys = re.findall(r"['\"`](\w+)['\"`]", text) or ["answer"]
    return {key: f"[{prompt.model}] {plain_answer(prompt)}" for key in dict.fromkeys(keys)}


def _due_tool(prompt: Prompt) -> Tool | None:
    if not prompt.tools or prompt.tool_choice == "none":
        return None
    if prompt.tool_choice not in ("auto", "required"):
        return next(tool for tool in prompt.tools if tool.name == prompt.tool_choice)
    # A tool is called once per turn of the user. An agent that forces a tool at every step thus comes to
    # the tool that ends its loop.
    fresh = [tool for tool in prompt.tools if tool.name not in prompt.called_tools]
    if prompt.tool_choice == "required":
        return max(fresh or prompt.tools, key=lambda tool: plausibility(tool, prompt.user))
    handed_over = prompt.called_tools and "handoff" in prompt.called_tools[-1]
    if (prompt.tool_results or prompt.called_tools) and not handed_over:
        return None
    best = max(fresh, key=lambda tool: plausibility(tool, prompt.user), default=None)
    return best if best is not None and plausibility(best, prompt.user) > 0 else None


def _next_agent(tool: Tool, text: str) -> str:
    """LlamaIndex's handoff tool lists its agents in its description, not in its schema."""
    names = re.findall(r"['\"]?(\w+)['\"]?: ", tool.description.partition("available agents")[2])
    said = _words(text)
    return max(names, key=lambda name: len(said & _words(name)), default="agent")


def plausibility(tool: Tool, text: str) -> float:
    """How much the text asks for this tool: words shared with its name count most, then its description."""
    said = _words(text)
    score = 3.0 * len(said & _words(tool.name)) + 1.0 * len(said & _words(tool.description))
    if tool.name in text:
        score += 5.0
    properties = tool.schema.get("properties", {}).values()
    numeric = sum(isinstance(each, dict) and each.get("type") in ("integer", "number") for each in properties)
    if numeric and len(re.findall(r"\d+", text)) >= numeric:
        score += 0.5
    return score


def _words(text: str) -> set[str]:
    return set(content_words(text)) - _TOOL_TALK
