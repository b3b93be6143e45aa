"""Failures to order: rate limits, server errors, dropped connections, slow answers."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from examples.stand_in.model import StandInModel
from examples.stand_in.refusal import Refusal
from examples.stand_in.reply import Reply, named_event, openai_event


@dataclass(frozen=True)
class Failure:
    """One failure to come. Status 0 drops the connection, status 200 only waits `delay` seconds.

    With `after_chunks` a stream breaks after that many events; a call that does not stream fails at once.
    """

    status: int
    after_chunks: int | None = None
    retry_after: float | None = None
    delay: float = 0.0


class FailurePlan:
    """The failures waiting for each model; each valid call takes one."""

    def __init__(self, models: Iterable[StandInModel]) -> None:
        self._models = tuple(models)
        self._waiting: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self.reset()

    def reset(self) -> None:
        """Back to what the models' own `fail_with` says."""
        self._waiting.clear()
        for model in self._models:
            if model.fail_with is not None:
                status, times = model.fail_with
                self.add(model.name, Failure(status), times)

    def add(self, model: str, failure: Failure, times: int) -> None:
        """Let the next calls of the model fail."""
        self._waiting[model].extend([failure] * times)

    def apply(self, model: StandInModel, reply: Reply, request_id: str) -> Reply:
        """The reply, or what the next failure makes of it."""
        reply = replace(reply, latency=model.latency, token_delay=model.token_delay, model=model.name)
        waiting = self._waiting.get(model.name)
        if not waiting:
            return reply
        failure = waiting.popleft()
        reply.latency += failure.delay
        if failure.status == 200:
            return reply
        body = Refusal.from_status(failure.status, model.api).body(model.api, request_id)
        if failure.after_chunks is not None and reply.events is not None:
            event = openai_event(body) if model.api == "openai" else named_event(body)
            reply.events = reply.events[: failure.after_chunks]
            if failure.status == 0:
                reply.drop = True
            else:
                reply.events.append(event)
            return reply
        failed = Reply.from_json(body, failure.status)
        if failure.retry_after is not None:
            failed.headers["retry-after"] = f"{failure.retry_after:g}"
        return replace(failed, latency=reply.latency, model=model.name)
