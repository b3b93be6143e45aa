"""LangChain adapter: a chat model that routes each call to a strong or a weak model."""

from importlib.util import find_spec as _find_spec

if _find_spec("langchain_core") is None:
    raise ImportError("langchain_routellm needs langchain-core: pip install 'routellm-plugins[langchain]'")

from langchain_routellm.chat_models import ChatRouteLLM
from routellm_core import __version__

__all__ = ["ChatRouteLLM", "RouteLLMDecisionModel", "__version__"]

_TYPE_CHECKING = False
if _TYPE_CHECKING:
    from langchain_routellm.decision_model import RouteLLMDecisionModel


def __getattr__(name: str) -> object:
    # langchain-core knows decision models from 1.8 on: who wants none needs no newer one.
    if name == "RouteLLMDecisionModel":
        from langchain_routellm.decision_model import RouteLLMDecisionModel

        return RouteLLMDecisionModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
