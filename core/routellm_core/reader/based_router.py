"""BasedRouter: what a router with a reader takes over from the router that it is based on."""

from __future__ import annotations

from collections.abc import Sequence

from routellm_core.router import PROBES, Router, Scores, UnchangingRouter, check_scores


class BasedRouter(UnchangingRouter):
    """Knows what its base knows, and is tried without its reader.

    Attributes:
        base: scores without a reader.
    """

    base: Router

    def knows(self, prompt: str) -> bool | None:
        """Return whether the base was made for prompts of this kind."""
        return self.base.knows(prompt)

    def training_similarity(self, prompts: Sequence[str]) -> Scores | None:
        """Return how similar prompts are to the base's training prompts."""
        return self.base.training_similarity(prompts)

    def probe(self) -> None:
        """Score as `Router.probe`, by the base alone."""
        check_scores(self.base.score(PROBES), len(PROBES))
