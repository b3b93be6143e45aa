"""RouteLLM for LlamaIndex: one LLM that asks a strong or a weak model, by how hard each question is."""

from routellm_core import __version__

from llamaindex_routellm.decision_event import RoutingDecisionEvent
from llamaindex_routellm.route_llm import RouteLLM

__all__ = ["RouteLLM", "RoutingDecisionEvent", "__version__"]
