"""BoundTools: tools as agents look at them, and as each side's own `bind_tools` wants them.

LangGraph and LangChain read `kwargs["tools"]` and expect dictionaries in OpenAI's format; providers want the
original objects, which hold settings of theirs (`extras`) that no such dictionary keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_routellm.side import Family, Side
from routellm_core.routing.decision import Route

Tool = dict[str, Any] | type | Callable[..., Any] | BaseTool

# Anthropic's own tools carry a date ("web_search_20250305"); the date of OpenAI's dated one has underscores.
_ANTHROPIC_TOOL = re.compile(r".*_20\d{6}$")
_OPENAI_TOOLS = frozenset(
    [
        "apply_patch",
        "code_interpreter",
        "computer_use_preview",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "shell",
        "tool_search",
        "web_search",
        "web_search_preview",
    ]
)


class BoundTool(dict[str, Any]):
    """One tool in OpenAI's format that remembers the object it was made from."""

    original: Tool

    @classmethod
    def from_original(cls, original: Tool) -> BoundTool:
        """Convert a tool; a provider's own tool stays the dictionary that it is."""
        tool = cls(_shown(original))
        tool.original = original
        return tool


class BoundTools(list[BoundTool]):
    """The tools of one `bind_tools` call, already bound to each side that takes them.

    Attributes:
        runnables: route -> the side's model with the tools bound.
        models: route -> the model that was bound, to notice when it was replaced since.
        kwargs: the arguments that were bound along with the tools.
        refusals: route -> why that side takes no such tools.
    """

    runnables: dict[Route, Runnable[Any, Any]]
    models: dict[Route, BaseChatModel]
    kwargs: dict[str, Any]
    refusals: dict[Route, Exception]

    @classmethod
    def bind(cls, originals: Sequence[Tool], sides: Sequence[Side], kwargs: Mapping[str, Any]) -> BoundTools:
        """Bind tools to all sides, so that a mistake is reported now and not at the first call.

        Raises:
            Exception: the strong side's own, where no side takes the tools.
        """
        tools = cls(BoundTool.from_original(original) for original in originals)
        tools.kwargs = dict(kwargs)
        tools.runnables, tools.models, tools.refusals = {}, {}, {}
        for side in sides:
            try:
                tools.runnables[side.route] = tools._bind(side, {**side.kwargs, **kwargs})
                tools.models[side.route] = side.model
            except Exception as error:  # whatever a provider's package says, this side takes no such tools
                tools.refusals[side.route] = error
        if not tools.runnables:
            raise next(iter(tools.refusals.values()))
        return tools

    def bound_to(self, side: Side, kwargs: Mapping[str, Any]) -> Runnable[Any, Any]:
        """Return a side's model with these tools and the call's other arguments bound."""
        others = {name: value for name, value in kwargs.items() if name != "tools"}
        bound = self.runnables.get(side.route)
        if (
            bound is not None
            and self.models[side.route] is side.model
            and others == {**side.kwargs, **self.kwargs}
        ):
            return bound
        return self._bind(side, others)

    def unsupported(self, sides: Sequence[Side]) -> frozenset[Route]:
        """Return the sides that refused these tools or do not know one of them."""
        foreign = {side.route for side in sides if any(_is_foreign(tool, side.family) for tool in self)}
        return frozenset(foreign | set(self.refusals))

    def _bind(self, side: Side, kwargs: Mapping[str, Any]) -> Runnable[Any, Any]:
        arguments = {name: value for name, value in kwargs.items() if name != "tools"}
        if "tool_choice" in arguments:
            arguments["tool_choice"] = tool_choice_for(arguments["tool_choice"], side.family)
        if "parallel_tool_calls" in arguments and not _names(side, "parallel_tool_calls"):
            del arguments["parallel_tool_calls"]
        return side.model.bind_tools([tool.original for tool in self], **arguments)


def _shown(original: Tool) -> Mapping[str, Any]:
    """Return a tool as hosts look at it."""
    if isinstance(original, dict) and owner(original) is not None:
        return original
    try:
        return convert_to_openai_tool(original)
    except Exception:
        # No function: a tool of some other provider, such as {"google_search": {}}. The sides know.
        return original if isinstance(original, dict) else {"type": type(original).__name__}


def owner(tool: Mapping[str, Any]) -> Family | None:
    """Return the provider whose built-in tool this is; None for a function."""
    kind = tool.get("type")
    if not isinstance(kind, str):
        return None
    if _ANTHROPIC_TOOL.match(kind):
        return "anthropic"
    return "openai" if kind in _OPENAI_TOOLS else None


def tool_choice_for(choice: object, family: Family) -> object:
    """Translate a tool choice for a family's `bind_tools`.

    "any", "auto" and a tool's name are LangChain's own words and pass as they are; OpenAI's and Anthropic's
    words and dictionaries are translated where they would be mistaken for the name of a tool.
    """
    if family == "anthropic":
        if choice is True or choice == "required":
            return "any"
        if choice == "none":
            return {"type": "none"}
        if isinstance(choice, dict) and choice.get("type") == "function":
            return choice["function"]["name"]
    elif isinstance(choice, dict) and choice.get("type") in ("any", "auto", "none", "tool"):
        return choice.get("name") or choice["type"]
    return choice


def _names(side: Side, parameter: str) -> bool:
    """Return whether a side's `bind_tools` has a parameter of this name."""
    return parameter in signature(side.lead.bind_tools).parameters


def _is_foreign(tool: BoundTool, family: Family) -> bool:
    made_by = owner(tool)
    return made_by is not None and family != "other" and made_by != family
