"""LangChain adapter: a chat model that routes each call to a strong or a weak model."""

from langchain_routellm.chat_models import ChatRouteLLM
from routellm_core import __version__

__all__ = ["ChatRouteLLM", "__version__"]
