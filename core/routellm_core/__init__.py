"""Score prompts by how likely the strong model's answer would be preferred, and route by it."""

from routellm_core._version import __version__
from routellm_core.calibration.share import calibrate_threshold
from routellm_core.evaluation.metrics import apgr, cpt, pgr_curve
from routellm_core.loading import load_router
from routellm_core.router import Router, RouterError
from routellm_core.routing.capabilities import Capabilities
from routellm_core.routing.decision import Decision
from routellm_core.routing.disagreement import Disagreement
from routellm_core.routing.override import routing
from routellm_core.routing.policy import RoutingPolicy
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.router_failure import RouterWarning
from routellm_core.routing.routing_stats import RoutingStats

__all__ = [
    "Capabilities",
    "Decision",
    "Disagreement",
    "Router",
    "RouterError",
    "RouterWarning",
    "RoutingPolicy",
    "RoutingRequest",
    "RoutingStats",
    "__version__",
    "apgr",
    "calibrate_threshold",
    "cpt",
    "load_router",
    "pgr_curve",
    "routing",
]
