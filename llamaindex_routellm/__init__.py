"""RouteLLM for LlamaIndex: one LLM that asks a strong or a weak model, by how hard each question is."""

from importlib.util import find_spec as _find_spec

if _find_spec("llama_index") is None:
    raise ImportError(
        "llamaindex_routellm needs llama-index-core: pip install 'routellm-plugins[llamaindex]'"
    )

from llamaindex_routellm.decision_event import RoutingDecisionEvent
from llamaindex_routellm.route_llm import RouteLLM
from routellm_core import __version__

__all__ = ["RouteLLM", "RoutingDecisionEvent", "__version__"]
