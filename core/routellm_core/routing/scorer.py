"""Scorer: fetches scores from a router, each distinct text once, sync and async.

Errors are returned, not raised: the policy decides what a failed score means.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from routellm_core.router import Router, check_scores
from routellm_core.routing.panics import ended_with, failure_of
from routellm_core.routing.score_cache import AbandonedError, Claim, PendingScore, ScoreCache
from routellm_core.routing.score_threads import ScoreThreads, ScoreTimeoutError

# Longer texts are scored in a thread even by a router that scores inline: tokenizing them takes milliseconds,
# and so does the cache's digest of a text of a million characters.
_LONGEST_INLINE = 2_000


@dataclass(frozen=True, slots=True)
class Scorer:
    """A router behind a cache of its scores.

    Attributes:
        router: computes the scores.
        cache: keeps them.
        timeout: seconds that one lookup may wait for the router; None for no limit. A router that scores
            inline promises not to wait for anything, and is not timed.
    """

    router: Router
    cache: ScoreCache
    timeout: float | None = None
    threads: ScoreThreads = field(default_factory=ScoreThreads)

    def score(self, text: str) -> float | Exception:
        """Return one text's score, or the error in scoring it; waits for the router."""
        known = self.cache.known(text)
        if known is not None:
            return known
        return self._inline(text) if self.router.scores_inline else self.scores([text])[text]

    def score_at_once(self, text: str) -> float | Exception | None:
        """Return the same if it takes only microseconds, short enough for an event loop; else None."""
        if len(text) > _LONGEST_INLINE:
            return None
        known = self.cache.known(text)
        if known is not None:
            return known
        return self._inline(text) if self.router.scores_inline else None

    async def ascore(self, text: str) -> float | Exception:
        """Return the same without blocking the event loop."""
        score = self.score_at_once(text)
        return (await self.ascores([text]))[text] if score is None else score

    def scores(self, texts: Sequence[str]) -> dict[str, float | Exception]:
        """Return text -> score, or the error in scoring it; waits for the router."""
        scores, unknown = self._known(texts)
        deadline = _Deadline(None if self.router.scores_inline else self.timeout)
        while unknown:
            claim = self.cache.claim(unknown)
            if claim.mine and deadline.seconds is not None:
                self._settle_beside(claim, deadline)
            elif claim.mine:
                self._settle(claim)
            scores |= {text: deadline.outcome(future) for text, future in claim.futures.items()}
            unknown = [text for text in claim.futures if isinstance(scores[text], AbandonedError)]
        return scores

    async def ascores(self, texts: Sequence[str]) -> dict[str, float | Exception]:
        """Return the same without blocking the event loop."""
        import asyncio

        if sum(map(len, texts)) > _LONGEST_INLINE:
            scores, unknown = await asyncio.to_thread(self._known, texts)
        else:
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
        import asyncio

        scores: dict[str, float | Exception] = {}
        deadline = _Deadline(None if inline else self.timeout)
        while unknown:
            # Inline, nothing is awaited between claiming and settling, so no one ever waits for this loop.
            claim = self.cache.claim(unknown, None if inline else asyncio.get_running_loop())
            if claim.mine and inline:
                self._settle(claim)
            elif claim.mine:
                await self._asettle(claim)
            for text, future in claim.futures.items():
                # A thread may be scoring this text among many others: waiting must not block the loop.
                if not future.done():
                    await _wait(future, deadline.left())
                scores[text] = deadline.outcome(future)
            unknown = [text for text in claim.futures if isinstance(scores[text], AbandonedError)]
        return scores

    def _inline(self, text: str) -> float | Exception:
        # Not shared while computed: that takes longer than computing it twice.
        try:
            score = self.router.score_one(text)
            if type(score) is not float or not 0.0 <= score <= 1.0:
                score = check_scores([score], 1)[0]
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            return failure
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

    def _settle(self, claim: Claim, *, own_thread: bool = False) -> None:
        try:
            # A copy, so that a router that empties its list leaves no claims unsettled.
            scores = check_scores(self.router.score(list(claim.mine)), len(claim.mine))
        except BaseException as error:
            # What ends a thread that is nobody's but the router's ends no caller.
            failure = ended_with(error) if own_thread and not failure_of(error) else failure_of(error)
            self.cache.fail(claim, failure or AbandonedError())
            if failure is None:
                raise
        else:
            self.cache.settle(claim, scores)

    def _settle_beside(self, claim: Claim, deadline: _Deadline) -> None:
        # A score that comes too late for this caller is still there for the next one.
        try:
            self.threads.start(partial(self._settle, claim, own_thread=True), deadline.left() or 0.0)
        except Exception as error:
            self.cache.fail(claim, error)
        except BaseException:
            self.cache.fail(claim, AbandonedError())
            raise

    async def _asettle(self, claim: Claim) -> None:
        try:
            scores = check_scores(await self._in_time(list(claim.mine)), len(claim.mine))
        except BaseException as error:
            failure = failure_of(error)
            self.cache.fail(claim, failure or AbandonedError())
            if failure is None:
                raise
        else:
            self.cache.settle(claim, scores)

    async def _in_time(self, texts: list[str]) -> object:
        import asyncio

        if self.timeout is None:
            return await self.router.ascore(texts)
        scoring = asyncio.ensure_future(self.router.ascore(texts))
        try:
            # Not wait_for, which would wait for a router that ignores cancellation.
            done, _ = await asyncio.wait([scoring], timeout=self.timeout)
        finally:
            scoring.cancel()
        if not done:
            raise _too_late(self.timeout)
        return scoring.result()


class _Deadline:
    """The time at which a caller stops waiting; never if `seconds` is None."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else monotonic() + seconds

    def left(self) -> float | None:
        return None if self._end is None else max(0.0, self._end - monotonic())

    def outcome(self, future: PendingScore) -> float | Exception:
        try:
            return future.result(self.left())
        except Exception as error:
            # The router itself may have raised the same error as waiting does.
            return error if self.seconds is None or future.done() else _too_late(self.seconds)


async def _wait(future: Future[float], seconds: float | None) -> None:
    import asyncio

    waiting = asyncio.wrap_future(future)
    # asyncio.wait does not cancel what it waits for: the future belongs to others too. The error, if any, is
    # read from `future`; here it is only marked as seen.
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([waiting], timeout=seconds)


def _too_late(seconds: float) -> ScoreTimeoutError:
    return ScoreTimeoutError(f"no score within {seconds:g} s.")
