"""Source embedder: the embedder of a router that a command line names, for commands that compare meanings."""

from __future__ import annotations

from routellm_core.embedders.default_router import embedder_of_meaning
from routellm_core.embedders.embedder import Embedder
from routellm_core.loading import load_router


def source_embedder(source: str, argument: str) -> Embedder:
    """Load a router and return its embedder; for the default router's, only the part that encodes meaning.

    Args:
        source: what `load_router` takes.
        argument: the argument that names it, for the message.

    Raises:
        ValueError: the router has no embedder.
    """
    router = load_router(source)
    embedder = getattr(router, "embedder", None)
    if not isinstance(embedder, Embedder):
        raise ValueError(f"{argument} is {source!r}, a {type(router).__name__}: it has no embedder to use.")
    return embedder_of_meaning(embedder)
