"""Dispatcher: one routed call from decision to answer, for both adapters.

It hands the call to whatever `ask` does with the side that its decision chose, and asks the other side at
most once if the escalation says so. Sync and async, whole and streamed answers differ in the delegate call
only.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, closing, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

from routellm_core.routing.decider import Decider
from routellm_core.routing.decision import Decision
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.prices import TokenUsage

T = TypeVar("T")

IsInvalid = Callable[[Any], bool]


def _no_usage(answer: Any) -> None:
    return None


@dataclass(frozen=True)
class Dispatcher(Decider):
    """What both adapters do with a call, given how their host asks a model.

    Attributes:
        escalation: whether the other side is asked as well.
        usage_of: the tokens of a message; None where they are unknown.
    """

    escalation: Escalation = field(default_factory=Escalation)
    usage_of: Callable[[Any], TokenUsage | None] = _no_usage

    def answer(
        self,
        decision: Decision,
        ask: Callable[[Decision], T],
        message_of: Callable[[T], Any] | None = None,
        *,
        final: bool = False,
        is_invalid: IsInvalid | None = None,
        is_shown: Callable[[], bool] | None = None,
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
        """
        if decision.account is None:
            return self._answer(decision, ask, message_of, final, is_invalid, is_shown)
        with decision.account:
            return self._answer(decision, ask, message_of, final, is_invalid, is_shown)

    def _answer(
        self,
        decision: Decision,
        ask: Callable[[Decision], T],
        message_of: Callable[[T], Any] | None,
        final: bool,
        is_invalid: IsInvalid | None,
        is_shown: Callable[[], bool] | None,
    ) -> T:
        while True:
            try:
                answer = ask(decision)
            except Exception as error:
                following = None if is_shown and is_shown() else self._after_error(decision, error)
                if following is None:
                    raise
            else:
                message = message_of(answer) if message_of else answer
                following = self._after_answer(decision, message, final, is_invalid)
                if following is None:
                    return answer
            decision = following

    async def aanswer(
        self,
        decision: Decision,
        ask: Callable[[Decision], Awaitable[T]],
        message_of: Callable[[T], Any] | None = None,
        *,
        final: bool = False,
        is_invalid: IsInvalid | None = None,
        is_shown: Callable[[], bool] | None = None,
    ) -> T:
        """Return a whole answer, async."""
        if decision.account is None:
            return await self._aanswer(decision, ask, message_of, final, is_invalid, is_shown)
        with decision.account:
            return await self._aanswer(decision, ask, message_of, final, is_invalid, is_shown)

    async def _aanswer(
        self,
        decision: Decision,
        ask: Callable[[Decision], Awaitable[T]],
        message_of: Callable[[T], Any] | None,
        final: bool,
        is_invalid: IsInvalid | None,
        is_shown: Callable[[], bool] | None,
    ) -> T:
        while True:
            try:
                answer = await ask(decision)
            except Exception as error:
                following = None if is_shown and is_shown() else self._after_error(decision, error)
                if following is None:
                    raise
            else:
                message = message_of(answer) if message_of else answer
                following = self._after_answer(decision, message, final, is_invalid)
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
    ) -> Generator[T, None, None]:
        """Yield a streamed answer; once `is_token` was true of a chunk, nothing is retried.

        Args:
            decision: the one made by `decide`.
            ask: asks the side of the decision it is given; called again, once, after an escalation.
            is_token: whether a chunk shows something of the answer.
            whole: the host's own message of all chunks: where weak's answer may be rejected, its chunks are
                held until it was judged. None: streamed answers are not judged.
            is_invalid: as in `answer`.
        """
        with decision.account or nullcontext():
            yield from self._stream(decision, ask, is_token, whole, is_invalid)

    def _stream(
        self,
        decision: Decision,
        ask: Callable[[Decision], Generator[T, None, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None,
        is_invalid: IsInvalid | None,
    ) -> Generator[T, None, None]:
        while True:
            held: list[T] = []
            judged = whole if self._judges(decision) else None
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
                    following = judged and self._after_stream(decision, judged(held), is_invalid)
                    if following is None:
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
    ) -> AsyncGenerator[T, None]:
        """Yield a streamed answer, async."""
        with decision.account or nullcontext():
            async with aclosing(self._astream(decision, ask, is_token, whole, is_invalid)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _astream(
        self,
        decision: Decision,
        ask: Callable[[Decision], AsyncGenerator[T, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None,
        is_invalid: IsInvalid | None,
    ) -> AsyncGenerator[T, None]:
        while True:
            held: list[T] = []
            judged = whole if self._judges(decision) else None
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
                    following = judged and self._after_stream(decision, judged(held), is_invalid)
                    if following is None:
                        for chunk in held:
                            yield chunk
                        async for chunk in chunks:
                            yield chunk
                        return
            decision = following

    def _after_error(self, decision: Decision, error: Exception) -> Decision | None:
        # In shadow mode strong answers every call, or fails it.
        following = None if self.shadow else self.escalation.after_error(decision, error)
        if following is not None:
            unparsed = error if isinstance(error, UnparsedAnswerError) else None
            self.counter.count_escalation(following, unparsed.usage if unparsed else None)
            self._note(following, "parse_error" if unparsed else type(error).__name__)
        return following

    def _after_answer(
        self, decision: Decision, message: Any, final: bool, is_invalid: IsInvalid | None
    ) -> Decision | None:
        usage = self.usage_of(message)
        self.counter.count_tokens(decision, usage)
        following = None if final else self.escalation.after_answer(decision, message, is_invalid)
        following = self._affordable(decision, following)
        if following is not None:
            self.counter.count_escalation(following, usage)
            self._note(following, "rejected")
        elif decision.account is not None:
            decision.account.complete_record()
        return following

    def _affordable(self, decision: Decision, following: Decision | None) -> Decision | None:
        """Return what follows on a rejected answer; None where there is no money for strong's."""
        if following is None or following.route != self.policy.ladder.top or self.budget is None:
            return following
        if self.budget.allows(decision):
            return following
        self.counter.count_held_back(decision)
        if decision.account is not None:
            decision.account.held_back()
        return None

    def _judges(self, decision: Decision) -> bool:
        return not self.shadow and self.escalation.judges(decision)

    def _after_stream(
        self, decision: Decision, message: Any, is_invalid: IsInvalid | None
    ) -> Decision | None:
        """Judge an answer that was streamed, and whose tokens the stream counts."""
        following = self._affordable(decision, self.escalation.after_answer(decision, message, is_invalid))
        if following is not None:
            self.counter.count_escalation(following, self.usage_of(message))
            self._note(following, "rejected")
        return following

    def _note(self, following: Decision, cause: str) -> None:
        self.memory.note(following)
        if following.account is not None:
            following.account.escalated(following, cause)
