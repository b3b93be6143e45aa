"""A checker whose answer nobody waits for any more."""

import asyncio
import gc
from typing import Any

from routellm_core import Decision, Disagreement
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.routing_counter import RoutingCounter


async def test_a_checker_that_fails_beside_a_failing_weak_is_logged_nowhere() -> None:
    async def ask() -> Any:
        raise RuntimeError("bad key: sk-0123456789")

    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    with SecondOpinion(Disagreement("model"), ask, str, lambda _: None) as opinion:
        opinion.astart(Decision("weak", 0.1, 0.5, "score", "router"), RoutingCounter())
        await asyncio.sleep(0.01)
    del opinion
    gc.collect()
    assert said == []
