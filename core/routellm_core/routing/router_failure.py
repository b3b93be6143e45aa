"""Router failures: what the caller hears of a router without a score or a gate without a verdict.

Never a prompt or a key.
"""

from __future__ import annotations

import logging
import warnings

from routellm_core.router import RouterError
from routellm_core.routing.decision import Route

_LOG = logging.getLogger(__name__)


class RouterWarning(UserWarning):
    """A router failed, and the call went to `on_router_error` instead; or a gate, and the answer stayed."""


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
    _warn(f"router {router!r} failed with {type(error).__name__}; the call goes to {route}.")


def warn_of_gate(error: Exception, route: Route) -> None:
    """Warn that `escalate_if` failed, and whose answer stays.

    Warns:
        RouterWarning: names the kind of the error; its text may hold the answer, and is left out.
    """
    _warn(f"escalate_if failed with {type(error).__name__}; the answer of {route} stays.")


def _warn(what: str) -> None:
    message = f"{what} Set on_router_error='raise' to see the error."
    try:
        warnings.warn(message, RouterWarning, stacklevel=3)
    except RouterWarning:
        # Somebody runs with warnings as errors; a failing router or gate still must not fail the call.
        _LOG.warning(message)
