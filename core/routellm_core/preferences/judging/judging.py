"""Judging: both models answer each prompt, a judge compares the answers in both orders: battles.

The paper's D_judge (section 4.1, data augmentation): pairwise preferences of a strong model as judge,
which are far cheaper than votes. Unlike there, each pair is judged twice with the answers' places swapped;
see `verdict.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike

from routellm_core.preferences.judging.call_log import CallLog
from routellm_core.preferences.judging.judge_prompt import judge_messages
from routellm_core.preferences.judging.judgement import Judgement, JudgingResult
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.paid_calls import PaidCalls, Refused, RunHalted
from routellm_core.preferences.judging.question import Question
from routellm_core.preferences.judging.responder import Responder
from routellm_core.preferences.judging.spend import Spend
from routellm_core.preferences.judging.verdict import Verdict, parse_verdict

Progress = Callable[[int, int, float], None]
"""Called after each prompt with how many are done, how many there are, and the cost so far."""


async def judge_prompts(
    prompts: Sequence[str | Question],
    strong: Responder,
    weak: Responder,
    judge: Responder,
    *,
    log: str | PathLike[str],
    settings: JudgingSettings | None = None,
    references: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> JudgingResult:
    """Return a judgement for each distinct prompt, or why there is none.

    Interrupted in whatever way, the same call goes on from its log: what was answered is not asked again. A
    run that ends early (cap, provider) returns what it has, with `stopped` saying why.

    Args:
        prompts: what to ask, prompts alone or conversations; a repeated one is asked once.
        strong: becomes model_a.
        weak: becomes model_b; another name than the strong one's.
        judge: compares the answers.
        log: file of all calls; see `CallLog`.
        settings: how the run goes.
        references: a question's text -> an answer known to be right, shown to the judge.
        progress: told after each prompt.

    Raises:
        ValueError: strong and weak have one name, or there is a cap and no price for one of the models.
        DataError: the log is damaged or in use.
    """
    settings = settings or JudgingSettings()
    if strong.name == weak.name:
        raise ValueError(f"strong and weak are both {strong.name!r}: battles tell models apart by name.")
    spend = Spend(settings.prices, settings.max_cost)
    spend.check_models([strong.name, weak.name, judge.name])
    distinct = list(dict.fromkeys(map(Question.from_prompt, prompts)))
    with CallLog(log) as calls_log:
        spend.check_models([*calls_log.used, *calls_log.lost])
        calls = PaidCalls(calls_log, spend, settings.retries, timeout=settings.timeout)
        run = _Run(calls, settings, (strong, weak, judge), references or {})
        found: list[Judgement | None] = [None] * len(distinct)
        waiting = iter(enumerate(distinct))
        try:
            async with asyncio.TaskGroup() as workers:
                # One call at a time per worker: their number is the limit on concurrency.
                for _ in range(min(settings.concurrency, len(distinct))):
                    workers.create_task(run.work(waiting, found, progress))
        except BaseExceptionGroup as group:
            # A full disk, say: what stopped one worker stops them all, and is one error.
            raise group.exceptions[0] from None
        return JudgingResult(
            judgements=tuple(found),
            rejected=dict(run.rejected),
            repeated=len(prompts) - len(distinct),
            stopped=calls.halted,
            made=calls.made,
            reused=calls.reused,
            given=calls.given,
            truncated=calls.truncated,
            interrupted=calls_log.interrupted,
            spent=spend.spent,
            lost=spend.lost,
        )


def judge_in_new_loop(
    prompts: Sequence[str | Question],
    strong: Responder,
    weak: Responder,
    judge: Responder,
    *,
    log: str | PathLike[str],
    settings: JudgingSettings | None = None,
    references: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> JudgingResult:
    """Run `judge_prompts` from code that is not async, even inside a running loop, as in notebooks.

    Closes the models' connections, where they have `aclose`, before its own event loop ends.
    """

    async def whole() -> JudgingResult:
        try:
            return await judge_prompts(
                prompts,
                strong,
                weak,
                judge,
                log=log,
                settings=settings,
                references=references,
                progress=progress,
            )
        finally:
            for model in (strong, weak, judge):
                close = getattr(model, "aclose", None)
                if close is not None:
                    await close()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(whole())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(whole())).result()


class _Run:
    def __init__(
        self,
        calls: PaidCalls,
        settings: JudgingSettings,
        models: tuple[Responder, Responder, Responder],
        references: Mapping[str, str],
    ) -> None:
        self.calls = calls
        self.settings = settings
        self.strong, self.weak, self.judge = models
        self.references = references
        self.rejected: Counter[str] = Counter()
        self._done = 0
        self._nonsense = 0

    async def work(
        self,
        waiting: Iterator[tuple[int, Question]],
        found: list[Judgement | None],
        progress: Progress | None,
    ) -> None:
        """Take prompts until none is left or no further call is made."""
        for position, question in waiting:
            made = self.calls.made
            try:
                found[position] = await self._judgement(question)
                self._nonsense = 0
            except RunHalted:
                return
            except Refused as refused:
                self.rejected[f"refused by {refused}"] += 1
            except _Rejected as rejected:
                self.rejected[str(rejected)] += 1
                self._count_nonsense(rejected, fresh=self.calls.made > made)
            self._done += 1
            if progress is not None:
                progress(self._done, len(found), self.calls.spend.spent)

    async def _judgement(self, question: Question) -> Judgement:
        answers = []
        for role, model in (("strong", self.strong), ("weak", self.weak)):
            answer = await self.calls.ask(model, question.messages(), {"role": role, "prompt": question.text})
            if not answer.text.strip():
                raise _Rejected(f"{model.name} answered nothing")
            answers.append(answer.text)
        strong, weak = answers
        if strong == weak and not self.settings.graded:
            # A judge asked to tell equal texts apart can only be wrong.
            return Judgement(question, self.strong.name, self.weak.name, None)
        in_order = await self._verdict(question, strong, weak, "strong first")
        swapped = await self._verdict(question, weak, strong, "weak first")
        return Judgement(question, self.strong.name, self.weak.name, (in_order, swapped))

    async def _verdict(self, question: Question, first: str, second: str, order: str) -> Verdict:
        graded = self.settings.graded
        reference = self.references.get(question.text, "")
        messages = judge_messages(question, first, second, reference=reference, graded=graded)
        for attempt in range(self.settings.verdict_attempts):
            about = {"role": "judge", "order": order, "prompt": question.text}
            answer = await self.calls.ask(self.judge, messages, about, attempt)
            # What was cut off may end in the form of a verdict by chance.
            verdict = None if answer.truncated else parse_verdict(answer.text, graded=graded)
            if verdict is not None:
                return verdict
        fault = "was cut off before its verdict" if answer.truncated else "gave a malformed verdict"
        raise _Rejected(f"{self.judge.name} {fault}", nonsense=True)

    def _count_nonsense(self, rejected: _Rejected, *, fresh: bool) -> None:
        # What the log holds is paid already; only a judge that goes on costing money is stopped.
        if not (rejected.nonsense and fresh):
            return
        self._nonsense += 1
        if self._nonsense >= self.settings.nonsense_limit:
            self.calls.halt(
                f"{self.judge.name} gave no well-formed verdict on {self._nonsense} pairs in a row: its "
                "answers are in the log"
            )


class _Rejected(Exception):
    def __init__(self, reason: str, *, nonsense: bool = False) -> None:
        super().__init__(reason)
        self.nonsense = nonsense
