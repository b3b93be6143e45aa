"""LangChain adapter: a chat model that routes each call to a strong or a weak model."""

from routellm_core import __version__

from langchain_routellm.chat_models import ChatRouteLLM

__all__ = ["ChatRouteLLM", "__version__"]
