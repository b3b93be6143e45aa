"""RouteLLM for LlamaIndex: one LLM that asks a strong or a weak model, by how hard each question is."""

from llamaindex_routellm.decision_event import RoutingDecisionEvent
from llamaindex_routellm.route_llm import RouteLLM
from routellm_core import __version__

__all__ = ["RouteLLM", "RoutingDecisionEvent", "__version__"]
