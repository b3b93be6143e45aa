"""Reader: routers that have a cheap language model rate how much the strong model is needed."""

from routellm_core.reader.hybrid_router import HybridRouter
from routellm_core.reader.prompt_reader import ReaderWarning
from routellm_core.reader.reader_router import ReaderRouter

__all__ = ["HybridRouter", "ReaderRouter", "ReaderWarning"]
