"""Per-call settings: read from a LangChain configuration, and the decision written into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config, merge_configs, var_child_runnable_config

from routellm_core import __version__
from routellm_core.routing.call_account import Origin
from routellm_core.routing.conversation import thread_name
from routellm_core.routing.override import NO_OVERRIDE, RoutingOverride
from routellm_core.routing.validation import check_fraction, check_route

_PREFIX = "routellm_"
THRESHOLD_KEY = "routellm_threshold"
ROUTE_KEY = "routellm_route"
QUESTION_KEY = "routellm_question"

# Versions of packages, which the inner model's own run names too.
_VERSIONS = {"lc_versions"}


def call_config(
    config: RunnableConfig | None,
    callbacks: Callbacks,
    tags: list[str] | None,
    metadata: dict[str, Any] | None,
    name: str | None = None,
) -> RunnableConfig:
    """Return a call's configuration, over the one of the run that it is made in, over the router's own."""
    own: RunnableConfig = {}
    if callbacks is not None:
        own["callbacks"] = callbacks
    if tags:
        own["tags"] = tags
    if metadata and metadata.keys() != _VERSIONS:
        own["metadata"] = {key: value for key, value in metadata.items() if key not in _VERSIONS}
    if name:
        own["run_name"] = name
    if config is None and var_child_runnable_config.get() is None:
        # The inner model fills in the defaults.
        return own
    given = ensure_config(config)
    return merge_configs(own, given) if own else given


_RUN_ARGUMENTS = ("tags", "metadata", "run_name", "run_id")


def config_of_arguments(
    callbacks: Callbacks, kwargs: Mapping[str, Any]
) -> tuple[RunnableConfig, dict[str, Any]]:
    """Split the arguments of `generate` into a configuration and what goes to the model."""
    config: RunnableConfig = {}
    config.update({name: kwargs[name] for name in _RUN_ARGUMENTS if kwargs.get(name) is not None})  # type: ignore[typeddict-item]  # a subset of its keys
    if callbacks is not None:
        config["callbacks"] = callbacks
    return config, {name: value for name, value in kwargs.items() if name not in _RUN_ARGUMENTS}


def arguments_of_config(config: RunnableConfig) -> dict[str, Any]:
    """Return what of a configuration `generate` takes as arguments."""
    return {name: config.get(name) for name in ("callbacks", *_RUN_ARGUMENTS)}


def override_of(config: RunnableConfig) -> RoutingOverride:
    """Read `routellm_threshold`, `routellm_route` and `routellm_question` from `config["configurable"]`.

    Raises:
        ValueError: one of them is not what was expected, or another key starts with "routellm_".
    """
    configurable = config.get("configurable")
    if not configurable:
        return NO_OVERRIDE
    given = {key: value for key, value in configurable.items() if key.startswith(_PREFIX)}
    if not given:
        return NO_OVERRIDE
    unknown = sorted(set(given) - {THRESHOLD_KEY, ROUTE_KEY, QUESTION_KEY})
    if unknown:
        raise ValueError(
            f"configurable holds {unknown[0]!r}, expected {THRESHOLD_KEY!r}, {ROUTE_KEY!r} or "
            f"{QUESTION_KEY!r}."
        )
    threshold, route, question = given.get(THRESHOLD_KEY), given.get(ROUTE_KEY), given.get(QUESTION_KEY)
    if question is not None and not isinstance(question, str):
        raise ValueError(f"{QUESTION_KEY} is {type(question).__name__}, expected the text to score.")
    return RoutingOverride(
        question=question,
        threshold=None if threshold is None else check_fraction(threshold, THRESHOLD_KEY),
        route=None if route is None else check_route(route, ROUTE_KEY),
    )


def origin_of(config: RunnableConfig) -> Origin:
    """Return the thread and the run that a call belongs to, if the configuration names them."""
    run = config.get("run_id") or getattr(config.get("callbacks"), "parent_run_id", None)
    return Origin(thread_of(config), None if run is None else str(run))


def thread_of(config: RunnableConfig) -> str | None:
    """Return the name of the conversation; None if the configuration gives no readable one."""
    configurable, metadata = config.get("configurable"), config.get("metadata")
    thread = configurable and configurable.get("thread_id")
    if not thread and metadata:
        thread = metadata.get("thread_id") or metadata.get("session_id")
    return thread_name(thread)


def with_decision(config: RunnableConfig, record: Mapping[str, Any]) -> RunnableConfig:
    """Return the configuration with a record in its metadata and tags, for the inner model's run."""
    metadata: dict[str, Any] = {
        **(config.get("metadata") or {}),
        **{_PREFIX + name: value for name, value in record.items()},
        "routellm_version": __version__,
    }
    tags = [*(config.get("tags") or []), f"routellm:{record['route']}"]
    traced: RunnableConfig = {**config, "tags": tags, "metadata": metadata}
    if record["reason"] == "escalated":
        # The first side's run has taken the caller's run id.
        traced.pop("run_id", None)
    return traced
