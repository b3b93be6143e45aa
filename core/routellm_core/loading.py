"""Registry: from a name to the class that scores.

Each router's file is imported only when its name is asked for, so that one router never costs another's
dependencies. Adding a router is its file and one line in `ROUTERS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import signature
from os import PathLike
from os.path import isdir, lexists
from pathlib import Path
from threading import Lock
from typing import Any

from routellm_core.checkpoints.checkpoint import CONFIG_FILE, Checkpoint, CheckpointError, read_checkpoint
from routellm_core.checkpoints.hosts import allowed_hosts
from routellm_core.checkpoints.hub import download, is_hub_id
from routellm_core.checkpoints.load_errors import loading_from
from routellm_core.checkpoints.published_router import PublishedRouter, read_configuration
from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.router import Router

ROUTERS: dict[str, str] = {
    "additive": "routellm_core.routers.additive:AdditiveRouter",
    "adapted": "routellm_core.routers.adapted:AdaptedRouter",
    "bert": "routellm_core.routers.bert:BertRouter",
    "causal_llm": "routellm_core.routers.causal_llm:CausalLLMRouter",
    "hybrid": "routellm_core.reader.hybrid_router:HybridRouter",
    "matrix_factorization": "routellm_core.routers.matrix_factorization:MatrixFactorizationRouter",
    "random": "routellm_core.routers.random_router:RandomRouter",
    "reader": "routellm_core.reader.reader_router:ReaderRouter",
    "sw_ranking": "routellm_core.routers.similarity_weighted:SimilarityWeightedRouter",
}
"""Kind of router -> "module:Class"; the kind is what a checkpoint's configuration names."""

PUBLISHED: dict[str, PublishedRouter] = {
    "bert": PublishedRouter(
        "routellm/bert_gpt4_augmented",
        "86237e3df400762178ea98379477b8296e66d5e4",
        "routellm_core.routers.bert:BertRouter",
        architecture="ForSequenceClassification",
    ),
    "causal_llm": PublishedRouter(
        "routellm/causal_llm_gpt4_augmented",
        "main",  # not pinned: its commit is not known to this project
        "routellm_core.routers.causal_llm:CausalLLMRouter",
        architecture="ForCausalLM",
    ),
    "mf": PublishedRouter(
        "routellm/mf_gpt4_augmented",
        "5eb3dc745cbe7cb16ca342ceb83b7f6ecf8c77c5",
        "routellm_core.routers.matrix_factorization:MatrixFactorizationRouter",
        tensors=("P.weight", "text_proj.0.weight", "classifier.0.weight"),
        sha256={"model.safetensors": "bfc93d473b48f8b85ce719f0d7e8bb86a139fa052e8b0c3ac387eabf45e47293"},
    ),
}
"""Name -> the checkpoint of the paper's authors that it stands for, at a fixed revision if one is known."""

_WITHOUT_WEIGHTS = {
    "sw_ranking": "it ranks by stored battles: make one with routellm train sw_ranking, or from the "
    "published battles with SimilarityWeightedRouter.from_published_battles(), save it, and load its folder."
}
"""Kind of router that can be made of no settings -> how it is made."""

_PUBLISHED_LOADER = "from_published"

ENTRY_POINT_GROUP = "routellm.routers"
"""Other distributions add kinds of routers under this entry-point group."""

DEFAULT_FOLDER = Path(__file__).parent / "default_router"


def load_router(
    source: str | PathLike[str],
    *,
    revision: str | None = None,
    allow_hosts: Collection[str] = (),
    **settings: Any,
) -> Router:
    """Return a router by name, from a folder or from the Hugging Face Hub.

    Files are data: no code and no pickle of a checkpoint is run, no address that it names is asked unless it
    is allowed, and a router that can't score is refused.

    Args:
        source: "default" (the trained router inside this package, loaded once per process and shared by all
            that ask for it without settings); a registered kind that needs no checkpoint
            ("random"); the name of a published checkpoint ("mf", "bert", "causal_llm"), fetched once; a
            folder written by `Router.save`, or with the files of a published checkpoint; or such a folder on
            the Hub, "owner/name" or "owner/name@revision".
        revision: of what is on the Hub: a commit, which pins it; also a tag or a branch.
        allow_hosts: hosts that the checkpoint's files may name, "host" or "host:port": of an embedding API,
            which is sent prompts and the key; "huggingface.co" for a model that is fetched from there.
        settings: constructor settings of a kind that needs no checkpoint, such as `seed=`; for the others
            what can't be saved, such as `embedder=`.

    Returns:
        A router whose `name` is the name it was loaded under, of a folder the name it was saved with.

    Raises:
        ValueError: the source is neither a known name nor a folder, or has no revisions.
        CheckpointError: the checkpoint is damaged, of a newer format, can't be fetched or can't score, or
            names a host that is not allowed.
        TypeError: settings that the source does not take.

    Warns:
        UnpinnedWarning: the source is on the Hub and no commit is given.
    """
    name, loads = str(source), _Loads(allowed_hosts(allow_hosts), settings)
    if not name.strip():
        # As a path it would be the current folder.
        raise ValueError(f"router is {name!r}, expected a name such as 'default' or a folder.")
    if revision is not None:
        _check_has_revisions(name, revision)
    if name == "default":
        if settings:
            return loads.folder(DEFAULT_FOLDER, "default")
        # Nothing else keeps a second thread from loading it a second time.
        with _LOADING_DEFAULT:
            return _default_router()
    if _is_checkpoint(Path(name)):
        return loads.folder(Path(name), None)
    if name in PUBLISHED:
        return loads.published(PUBLISHED[name].folder(revision), name)
    if name in registered_kinds():
        return _named(_from_settings(name, settings), name)
    if isdir(name):
        raise ValueError(
            f"router {name!r} is a folder without {CONFIG_FILE}: it was not written by Router.save(), "
            "nor does it hold a published checkpoint."
        )
    if isinstance(source, str) and is_hub_id(source):
        repository, _, written = source.partition("@")
        if written and revision is not None:
            raise ValueError(f"revision is {revision!r}, and {source!r} names one already: give one of them.")
        return _named(loads.folder(download(repository, written or revision), None), source)
    names = dict.fromkeys(["default", *sorted({*PUBLISHED, *registered_kinds()})])
    known = ", ".join(map(repr, names))
    raise ValueError(
        f"unknown router {without_secrets(name)!r}: expected {known}, or a folder written by Router.save(), "
        "here or on the Hugging Face Hub ('owner/name')."
    )


_LOADING_DEFAULT = Lock()


@cache
def _default_router() -> Router:
    """Load the trained router inside this package, once per process."""
    router = _Loads(frozenset(), {}).folder(DEFAULT_FOLDER, "default")
    router._reload = (load_router, ("default",))
    return router


def is_fetched(name: str) -> bool:
    """Return whether `load_router(name)` would fetch it from the Hub: a published router, or any by its id.

    A name that a file gave is refused then: those that are fetched also show prompts to models elsewhere.
    """
    return (name in PUBLISHED or is_hub_id(name)) and not isdir(name)


def registered_kinds() -> dict[str, str]:
    """Return kind -> "module:Class", this package's own first and then other distributions'."""
    # Not needed for this package's own, and it takes 30 ms.
    from importlib.metadata import entry_points

    others = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    return {**others, **ROUTERS}


def router_class(kind: str) -> type[Router]:
    """Import and return the class of one kind of router.

    Raises:
        ValueError: the kind is not registered.
        TypeError: what is registered under it is not a Router.
    """
    kinds = ROUTERS if kind in ROUTERS else registered_kinds()
    if kind not in kinds:
        raise ValueError(f"unknown kind of router {kind!r}: registered are {sorted(kinds)}.")
    return _imported(kinds[kind], kind)


def _imported(reference: str, name: str) -> type[Router]:
    module, _, attribute = reference.partition(":")
    found = getattr(importlib.import_module(module), attribute, None)
    if not (isinstance(found, type) and issubclass(found, Router)):
        raise TypeError(f"{reference}, registered as router {name!r}, is not a subclass of Router.")
    return found


def _from_settings(kind: str, settings: dict[str, Any]) -> Router:
    if kind in _WITHOUT_WEIGHTS:
        raise ValueError(f"router {kind!r} can't be loaded by its name: {_WITHOUT_WEIGHTS[kind]}")
    try:
        return router_class(kind)(**settings)
    except TypeError as error:
        raise TypeError(
            f"router {kind!r} can't be made from the settings {sorted(settings)} ({error}); "
            "a trained router is loaded from the folder that Router.save() wrote."
        ) from error


def _is_checkpoint(folder: Path) -> bool:
    return lexists(folder / CONFIG_FILE) or _layout(folder) is not None


def _check_has_revisions(name: str, revision: str) -> None:
    kinds = {"default", *registered_kinds()} - PUBLISHED.keys()
    if name in kinds or _is_checkpoint(Path(name)):
        raise ValueError(f"revision is {revision!r}, but router {name!r} is not on the Hub and has none.")


def _layout(folder: Path) -> str | None:
    """Return the name of the published checkpoint whose files a folder holds."""
    if not isdir(folder) or "format_version" in read_configuration(folder):
        return None
    return next((name for name, published in PUBLISHED.items() if published.fits(folder)), None)


@dataclass(frozen=True)
class _Loads:
    """Loads what one caller may load, with the settings given."""

    allow_hosts: frozenset[str]
    settings: Mapping[str, Any]

    def published(self, folder: Path, name: str) -> Router:
        load: Callable[..., Router] = getattr(_imported(PUBLISHED[name].router, name), _PUBLISHED_LOADER)
        _check_settings(load, self.settings, f"the published router {name!r}")
        hosts = {"allow_hosts": self.allow_hosts} if "allow_hosts" in signature(load).parameters else {}
        with loading_from(folder, settings=bool(self.settings)):
            router = load(folder, **hosts, **self.settings)
            router.probe()
        return _named(router, name)

    def folder(self, folder: Path, name: str | None) -> Router:
        published = _layout(folder)
        if published is not None:
            return self.published(folder, published)
        with loading_from(folder):
            checkpoint = read_checkpoint(folder, allow_hosts=self.allow_hosts)
        router = self._made(checkpoint)
        if folder != DEFAULT_FOLDER:
            # The tests of this package probe its own.
            with loading_from(folder):
                router.probe()
        return _named(router, name or checkpoint.name or checkpoint.router)

    def _made(self, checkpoint: Checkpoint) -> Router:
        if checkpoint.router not in ROUTERS and checkpoint.router not in registered_kinds():
            raise CheckpointError(
                f"{checkpoint.origin} holds a router of kind {checkpoint.router!r}, which is not registered "
                f"here: registered are {sorted(registered_kinds())}. Install the package that provides it."
            )
        load = router_class(checkpoint.router).from_checkpoint
        _check_settings(load, self.settings, f"a saved router of kind {checkpoint.router!r}")
        without = _Loads(self.allow_hosts, {})
        inner = {
            part: _named(without._made(found), found.name or found.router)
            for part, found in checkpoint.inner.items()
            if part not in self.settings
        }
        with loading_from(checkpoint.origin, settings=bool(self.settings)):
            router = load(checkpoint, **inner, **self.settings)
        if not self.settings:
            router._fingerprint = checkpoint.digest
        return router


def _check_settings(load: Callable[..., Router], settings: Mapping[str, Any], what: str) -> None:
    parameters = signature(load).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return  # the constructor says what it does not take
    # The first parameter is the folder or the checkpoint.
    taken = [parameter.name for parameter in parameters if parameter.name != "allow_hosts"][1:]
    unknown = sorted(settings.keys() - set(taken))
    if unknown:
        raise TypeError(
            f"{what} takes {f'the settings {taken}' if taken else 'no settings'}, got {unknown}: "
            f"the others are in its {CONFIG_FILE}."
        )


def _named(router: Router, name: str) -> Router:
    router._registered_name = name
    return router
