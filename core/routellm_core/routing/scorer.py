"""Scorer: fetches scores from a router, each distinct text once, sync and async.

Errors are returned and not raised: what a failed score means is the policy's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from routellm_core.router import Router, RouterError, check_scores
from routellm_core.routing.score_cache import AbandonedError, Claim, ScoreCache

# Longer texts are scored in a thread even by a router that scores inline: tokenising them takes milliseconds.
_LONGEST_INLINE = 4_000


@dataclass(frozen=True, slots=True)
class Scorer:
    """A router behind a cache of its scores."""

    router: Router
    cache: ScoreCache

    def score(self, text: str) -> float | Exception:
        """Return one text's score, or the error that scoring it met; waits for the router."""
        known = self.cache.known(text)
        if known is not None:
            return known
        return self._inline(text) if self.router.scores_inline else self.scores([text])[text]

    def score_at_once(self, text: str) -> float | Exception | None:
        """Return the same where an event loop may wait for it, in microseconds; else None."""
        known = self.cache.known(text)
        if known is not None:
            return known
        return self._inline(text) if self.router.scores_inline and len(text) <= _LONGEST_INLINE else None

    async def ascore(self, text: str) -> float | Exception:
        """Return the same without blocking the event loop."""
        score = self.score_at_once(text)
        return (await self.ascores([text]))[text] if score is None else score

    def scores(self, texts: Sequence[str]) -> dict[str, float | Exception]:
        """Return text -> score, or the error that scoring it met; waits for the router."""
        scores, unknown = self._known(texts)
        while unknown:
            claim = self.cache.claim(unknown)
            if claim.mine:
                self._settle(claim, self.router.score)
            scores |= {text: _outcome(future) for text, future in claim.futures.items()}
            unknown = [text for text in claim.futures if isinstance(scores[text], AbandonedError)]
        return scores

    async def ascores(self, texts: Sequence[str]) -> dict[str, float | Exception]:
        """Return the same without blocking the event loop."""
        scores, unknown = self._known(texts)
        if not unknown:
            return scores
        if self.router.scores_inline and sum(map(len, unknown)) <= _LONGEST_INLINE:
            return scores | await self._awaited_scores(unknown, inline=True)
        if type(self.router).ascore is Router.ascore:
            # Settled in the thread: another thread may be waiting for these scores while it blocks this loop.
            return scores | await asyncio.to_thread(self.scores, unknown)
        return scores | await self._awaited_scores(unknown, inline=False)

    async def _awaited_scores(self, unknown: list[str], inline: bool) -> dict[str, float | Exception]:
        scores: dict[str, float | Exception] = {}
        while unknown:
            # Inline, nothing is awaited between claiming and settling, so no one ever waits for this loop.
            claim = self.cache.claim(unknown, None if inline else asyncio.get_running_loop())
            if claim.mine and inline:
                self._settle(claim, self.router.score)
            elif claim.mine:
                await self._asettle(claim)
            for text, future in claim.futures.items():
                # A thread may be scoring this text among many others: waiting must not block the loop.
                if not future.done():
                    await _wait(future)
                scores[text] = _outcome(future)
            unknown = [text for text in claim.futures if isinstance(scores[text], AbandonedError)]
        return scores

    def _inline(self, text: str) -> float | Exception:
        # Not shared while it is made: that takes longer than making it twice.
        try:
            score = self.router.score_one(text)
            if not 0.0 <= score <= 1.0:
                raise RouterError(f"score_one() returned {score!r}, expected a number in [0, 1].")
        except Exception as error:
            return error
        self.cache.remember(text, score)
        return score

    def _known(self, texts: Sequence[str]) -> tuple[dict[str, float | Exception], list[str]]:
        known: dict[str, float | Exception] = {}
        unknown = []
        for text in texts:
            score = self.cache.known(text)
            if score is None:
                unknown.append(text)
            else:
                known[text] = score
        return known, unknown

    def _settle(self, claim: Claim, score: Callable[[list[str]], object]) -> None:
        try:
            # A copy: a router that empties its list must not leave claims unsettled.
            scores = check_scores(score(list(claim.mine)), len(claim.mine))
        except Exception as error:
            self.cache.fail(claim, error)
        except BaseException:
            self.cache.fail(claim, AbandonedError())
            raise
        else:
            self.cache.settle(claim, scores)

    async def _asettle(self, claim: Claim) -> None:
        try:
            scores = check_scores(await self.router.ascore(list(claim.mine)), len(claim.mine))
        except Exception as error:
            self.cache.fail(claim, error)
        except BaseException:
            self.cache.fail(claim, AbandonedError())
            raise
        else:
            self.cache.settle(claim, scores)


async def _wait(future: Future[float]) -> None:
    waiting = asyncio.wrap_future(future)
    # asyncio.wait does not cancel what it waits for: the future belongs to others too. The error, if any, is
    # read from `future`; here it is only marked as seen.
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([waiting])


def _outcome(future: Future[float]) -> float | Exception:
    try:
        return future.result()
    except Exception as error:
        return error
