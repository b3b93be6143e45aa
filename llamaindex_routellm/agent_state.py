"""Agent state: the person's message, found again where an agent with `initial_state` wrapped it in its state.

The wrapping is a template: the agent's own `state_prompt`, which is read from the workflow whose step makes
the call, or the one that LlamaIndex ships.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache

from llamaindex_routellm.rendered_template import RenderedTemplate

_SHIPPED = ("llama_index.core.agent.workflow.prompts", "DEFAULT_STATE_PROMPT")
_STATE, _MESSAGE = "state", "msg"


def without_state(text: str) -> str:
    """Return the message that a text wraps in an agent's state; the text itself where it wraps none."""
    for template in _state_prompts():
        found = _taken_apart(template).variables(text)
        # A state is a dictionary: what stands in its place in other texts, such as a first line, is none.
        if found is not None and _MESSAGE in found and found.get(_STATE, "{").startswith("{"):
            return found[_MESSAGE]
    return text


@lru_cache(maxsize=64)
def _taken_apart(template: str) -> RenderedTemplate:
    return RenderedTemplate.from_template(template)


def _state_prompts() -> Iterator[str]:
    # Without an agent's module loaded, nobody can have wrapped anything.
    module = sys.modules.get(_SHIPPED[0])
    if module is None:
        return
    own = _state_prompt_of_the_running_agent()
    if own is not None:
        yield own
    yield getattr(module, _SHIPPED[1], "")


def _state_prompt_of_the_running_agent() -> str | None:
    module = sys.modules.get("workflows.context.context")
    if module is None:
        return None
    try:
        workflow = module.Context.get_step_context()._face._workflow
        template = workflow.state_prompt.get_template()
    except Exception:
        # Outside a step, in a workflow without a state prompt, or in a version that keeps this elsewhere.
        return None
    return template if isinstance(template, str) else None
