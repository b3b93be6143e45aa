"""Registry: from a name to the class that scores.

Each router's file is imported only when its name is asked for, so that one router never costs another's
dependencies. Adding a router is its file and one line in `ROUTERS`.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from os import PathLike
from pathlib import Path
from typing import Any

from routellm_core.checkpoints import CONFIG_FILE, CheckpointError, read_checkpoint
from routellm_core.router import Router

ROUTERS: dict[str, str] = {
    "matrix_factorization": "routellm_core.routers.matrix_factorization:MatrixFactorizationRouter",
    "random": "routellm_core.routers.random:RandomRouter",
    "sw_ranking": "routellm_core.routers.similarity_weighted:SimilarityWeightedRouter",
}
"""Kind of router -> "module:Class"; the kind is what a checkpoint's configuration names."""

ENTRY_POINT_GROUP = "routellm.routers"
"""Other distributions add kinds of routers under this entry-point group."""

DEFAULT_FOLDER = Path(__file__).parent / "default_router"


def load_router(source: str | PathLike[str], **settings: Any) -> Router:
    """Load a router by name or from a folder.

    Args:
        source: "default" (the trained router inside this package), a registered kind that needs no
            checkpoint ("random"), or a folder written by `Router.save`.
        settings: constructor settings of a kind that needs no checkpoint, such as `seed=`.

    Returns:
        A router whose `name` is the name it was loaded under.

    Raises:
        ValueError: the source is neither a known name nor a folder.
        CheckpointError: the folder holds a damaged checkpoint, or one of a newer format.
        TypeError: settings that the source does not take.
    """
    name = str(source)
    if not name.strip():
        # As a path it would be the current folder.
        raise ValueError(f"router is {name!r}, expected a name such as 'default' or a folder.")
    if name == "default":
        router = _load_folder(DEFAULT_FOLDER, "default", settings)
        router._reload = (load_router, ("default",))
        return router
    if (Path(name) / CONFIG_FILE).is_file():
        return _load_folder(Path(name), None, settings)
    if name in registered_kinds():
        return _named(_from_settings(name, settings), name)
    if Path(name).is_dir():
        raise ValueError(
            f"router {name!r} is a folder without {CONFIG_FILE}: it was not written by Router.save()."
        )
    known = ", ".join(repr(kind) for kind in ["default", *sorted(registered_kinds())])
    raise ValueError(f"unknown router {name!r}: expected {known}, or a folder written by Router.save().")


def registered_kinds() -> dict[str, str]:
    """Return kind -> "module:Class", this package's own first and then other distributions'."""
    others = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    return {**others, **ROUTERS}


def router_class(kind: str) -> type[Router]:
    """Import and return the class of one kind of router.

    Raises:
        ValueError: the kind is not registered.
        TypeError: what is registered under it is not a Router.
    """
    kinds = registered_kinds()
    if kind not in kinds:
        raise ValueError(f"unknown kind of router {kind!r}: registered are {sorted(kinds)}.")
    module, _, attribute = kinds[kind].partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not (isinstance(found, type) and issubclass(found, Router)):
        raise TypeError(f"{kinds[kind]}, registered as router {kind!r}, is not a subclass of Router.")
    return found


def _from_settings(kind: str, settings: dict[str, Any]) -> Router:
    try:
        return router_class(kind)(**settings)
    except TypeError as error:
        raise TypeError(
            f"router {kind!r} can't be made from the settings {settings} ({error}); "
            "a trained router is loaded from the folder that Router.save() wrote."
        ) from error


def _load_folder(folder: Path, name: str | None, settings: dict[str, Any]) -> Router:
    if settings:
        raise TypeError(
            f"a saved router takes no settings, got {sorted(settings)}: they are in its {CONFIG_FILE}."
        )
    checkpoint = read_checkpoint(folder)
    if checkpoint.router not in registered_kinds():
        raise CheckpointError(
            f"{folder} holds a router of kind {checkpoint.router!r}, which is not registered here: "
            f"registered are {sorted(registered_kinds())}. Install the package that provides it."
        )
    return _named(router_class(checkpoint.router).from_checkpoint(checkpoint), name or checkpoint.router)


def _named(router: Router, name: str) -> Router:
    router._registered_name = name
    return router
