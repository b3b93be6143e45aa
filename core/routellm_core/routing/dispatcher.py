"""Dispatcher: one routed call from decision to answer, for both adapters.

It hands the call to whatever `ask` does with the side that its decision chose, and asks the other side at
most once if the escalation says so. Sync and async, whole and streamed answers differ in the delegate call
only.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, closing, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from routellm_core.routing.call_account import CallAccount
from routellm_core.routing.decision import Decision
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.next_side import IsInvalid, NextSide

T = TypeVar("T")


@dataclass(frozen=True)
class Dispatcher(NextSide):
    """What both adapters do with a call, given how their host asks a model."""

    def answer(
        self,
        decision: Decision,
        ask: Callable[[Decision], T],
        message_of: Callable[[T], Any] | None = None,
        *,
        final: bool = False,
        is_invalid: IsInvalid | None = None,
        is_shown: Callable[[], bool] | None = None,
        opinion: SecondOpinion | None = None,
    ) -> T:
        """Return a whole answer.

        Args:
            decision: the one made by `decide`.
            ask: asks the side of the decision it is given; called again, once, after an escalation.
            message_of: the host's own message behind an answer, for `escalate_if` and the tokens; None where
                the answer is that message.
            final: the answer stands whatever `escalate_if` says, as one does that had effects of its own.
            is_invalid: whether a message calls a tool in a wrong way, for `escalate_on="invalid_tool_call"`.
            is_shown: whether something of the answer was shown already: an error is the caller's then.
            opinion: asks the checker of `escalate_if`; None if there is none.
        """
        if decision.account is None:
            return self._answer(decision, ask, message_of, final, is_invalid, is_shown, opinion)
        with decision.account:
            return self._answer(decision, ask, message_of, final, is_invalid, is_shown, opinion)

    def _answer(
        self,
        decision: Decision,
        ask: Callable[[Decision], T],
        message_of: Callable[[T], Any] | None,
        final: bool,
        is_invalid: IsInvalid | None,
        is_shown: Callable[[], bool] | None,
        opinion: SecondOpinion | None,
    ) -> T:
        while True:
            asked = self._sought(opinion, decision, final)
            try:
                if asked is not None:
                    asked.start(decision, self.counter)
                answer = ask(decision)
            except Exception as error:
                following = None if is_shown and is_shown() else self._after_error(decision, error)
                if following is None:
                    raise
            else:
                message = message_of(answer) if message_of else answer
                differs = asked is not None and asked.differs(decision, self.counter, answer)
                following = self._after_answer(decision, message, final, is_invalid, differs)
                if following is None:
                    return answer
            decision = following

    def aanswer(
        self,
        decision: Decision,
        ask: Callable[[Decision], Awaitable[T]],
        message_of: Callable[[T], Any] | None = None,
        *,
        final: bool = False,
        is_invalid: IsInvalid | None = None,
        is_shown: Callable[[], bool] | None = None,
        opinion: SecondOpinion | None = None,
    ) -> Awaitable[T]:
        """Return a whole answer, async."""
        answer = self._aanswer(decision, ask, message_of, final, is_invalid, is_shown, opinion)
        if decision.account is None and opinion is None:
            # One coroutine less to resume at every step of the answer's way.
            return answer
        return _within(decision.account, opinion, answer)

    async def _aanswer(
        self,
        decision: Decision,
        ask: Callable[[Decision], Awaitable[T]],
        message_of: Callable[[T], Any] | None,
        final: bool,
        is_invalid: IsInvalid | None,
        is_shown: Callable[[], bool] | None,
        opinion: SecondOpinion | None,
    ) -> T:
        while True:
            asked = self._sought(opinion, decision, final)
            try:
                if asked is not None:
                    asked.astart(decision, self.counter)
                answer = await ask(decision)
            except Exception as error:
                following = None if is_shown and is_shown() else self._after_error(decision, error)
                if following is None:
                    raise
            else:
                message = message_of(answer) if message_of else answer
                differs = asked is not None and await asked.adiffers(decision, self.counter, answer)
                following = self._after_answer(decision, message, final, is_invalid, differs)
                if following is None:
                    return answer
            decision = following

    def stream(
        self,
        decision: Decision,
        ask: Callable[[Decision], Generator[T, None, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None = None,
        is_invalid: IsInvalid | None = None,
        opinion: SecondOpinion | None = None,
    ) -> Generator[T, None, None]:
        """Yield a streamed answer; once `is_token` was true of a chunk, nothing is retried.

        Args:
            decision: the one made by `decide`.
            ask: asks the side of the decision it is given; called again, once, after an escalation.
            is_token: whether a chunk shows something of the answer.
            whole: the host's own message of all chunks: where weak's answer may be rejected, its chunks are
                held until it was judged. None: streamed answers are not judged.
            is_invalid: as in `answer`.
            opinion: as in `answer`.
        """
        with decision.account or nullcontext():
            yield from self._stream(decision, ask, is_token, whole, is_invalid, opinion)

    def _stream(
        self,
        decision: Decision,
        ask: Callable[[Decision], Generator[T, None, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None,
        is_invalid: IsInvalid | None,
        opinion: SecondOpinion | None,
    ) -> Generator[T, None, None]:
        while True:
            held: list[T] = []
            judged = whole if self._judges(decision, opinion) else None
            asked = self._sought(opinion, decision, judged is None)
            if asked is not None:
                asked.start(decision, self.counter)
            with closing(ask(decision)) as chunks:
                try:
                    for chunk in chunks:
                        held.append(chunk)
                        if judged is None and is_token(chunk):
                            break
                except Exception as error:
                    following = self._after_error(decision, error)
                    if following is None:
                        yield from held
                        raise
                else:
                    following = None
                    if judged is not None:
                        message = judged(held)
                        differs = asked is not None and asked.differs(decision, self.counter, held)
                        following = self._after_judging(decision, message, is_invalid, differs)
                    if following is None:
                        if decision.account is not None:
                            decision.account.begun = True
                        yield from held
                        yield from chunks
                        return
            decision = following

    async def astream(
        self,
        decision: Decision,
        ask: Callable[[Decision], AsyncGenerator[T, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None = None,
        is_invalid: IsInvalid | None = None,
        opinion: SecondOpinion | None = None,
    ) -> AsyncGenerator[T, None]:
        """Yield a streamed answer, async."""
        with decision.account or nullcontext(), opinion or nullcontext():
            async with aclosing(self._astream(decision, ask, is_token, whole, is_invalid, opinion)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _astream(
        self,
        decision: Decision,
        ask: Callable[[Decision], AsyncGenerator[T, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None,
        is_invalid: IsInvalid | None,
        opinion: SecondOpinion | None,
    ) -> AsyncGenerator[T, None]:
        while True:
            held: list[T] = []
            judged = whole if self._judges(decision, opinion) else None
            asked = self._sought(opinion, decision, judged is None)
            if asked is not None:
                asked.astart(decision, self.counter)
            async with aclosing(ask(decision)) as chunks:
                try:
                    async for chunk in chunks:
                        held.append(chunk)
                        if judged is None and is_token(chunk):
                            break
                except Exception as error:
                    following = self._after_error(decision, error)
                    if following is None:
                        for chunk in held:
                            yield chunk
                        raise
                else:
                    following = None
                    if judged is not None:
                        message = judged(held)
                        differs = asked is not None and await asked.adiffers(decision, self.counter, held)
                        following = self._after_judging(decision, message, is_invalid, differs)
                    if following is None:
                        if decision.account is not None:
                            decision.account.begun = True
                        for chunk in held:
                            yield chunk
                        async for chunk in chunks:
                            yield chunk
                        return
            decision = following


async def _within(account: CallAccount | None, opinion: SecondOpinion | None, answer: Awaitable[T]) -> T:
    with account or nullcontext(), opinion or nullcontext():
        return await answer
