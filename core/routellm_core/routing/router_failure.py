"""Router failures: what the caller hears of a router that gave no score; never a prompt or a key."""

from __future__ import annotations

import logging
import warnings

from routellm_core.router import RouterError
from routellm_core.routing.decision import Route

_LOG = logging.getLogger(__name__)


class RouterWarning(UserWarning):
    """A router failed, and the call went to `on_router_error` instead."""


def failed(router: str, error: Exception) -> RouterError:
    """Return the error of a call that fails with its router.

    Args:
        router: its name.
        error: what it raised; the text of any but a RouterError may hold a prompt or a key, and is left out.
    """
    said = str(error) if isinstance(error, RouterError) else f"{type(error).__name__}."
    return RouterError(f"router {router!r} failed: {said}")


def warn_of_failure(router: str, error: Exception, route: Route) -> None:
    """Warn that a router failed, and where the call goes.

    Warns:
        RouterWarning: names the kind of the error; its text may hold a prompt or a key.
    """
    message = (
        f"router {router!r} failed with {type(error).__name__}; the call goes to {route}. "
        "Set on_router_error='raise' to see the error."
    )
    try:
        warnings.warn(message, RouterWarning, stacklevel=2)
    except RouterWarning:
        # Somebody runs with warnings as errors; a failing router still must not fail the call.
        _LOG.warning(message)
