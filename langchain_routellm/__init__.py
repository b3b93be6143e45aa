"""LangChain adapter: a chat model that routes each call to a strong or a weak model."""

from importlib.util import find_spec as _find_spec

if _find_spec("langchain_core") is None:
    raise ImportError("langchain_routellm needs langchain-core: pip install 'routellm-plugins[langchain]'")

from langchain_routellm.chat_models import ChatRouteLLM
from routellm_core import __version__

__all__ = ["ChatRouteLLM", "__version__"]
