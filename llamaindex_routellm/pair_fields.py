"""PairFields: every setting of RouteLLM, with its type, its default and what it means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from pydantic import Field, SerializeAsAny

from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route
from routellm_core.routing.escalation import ErrorsGiven
from routellm_core.routing.policy import OnRouterError
from routellm_core.routing.share_tracker import DEFAULT_WINDOW
from routellm_core.settings import (
    BudgetGiven,
    EscalateIf,
    Given,
    LogGiven,
    Mode,
    PricesGiven,
    RouterGiven,
    Sticky,
    StuckGiven,
)


class PairFields(FunctionCallingLLM):
    """The fields of a routed pair."""

    strong: SerializeAsAny[LLM] = Field(description="The capable model.")
    """The capable model, any LLM of LlamaIndex."""
    weak: SerializeAsAny[LLM] = Field(description="The cheap model.")
    """The cheap model, the same."""
    between: Given[Sequence[LLM]] = ()
    """More models, between the cheap and the capable one, the cheapest first; see `from_tiers`."""
    tier_names: Given[Sequence[str]] = ("weak", "strong")
    """The names of all models, from the cheapest to the most capable, as records and settings use them."""
    router: Given[RouterGiven] = "default"
    """A name, a folder written by `Router.save`, or a Router object."""
    threshold: Given[float | None] = None
    """A prompt goes to strong when its score is at least this, in [0, 1]."""
    strong_share: Given[float | None] = None
    """Instead of a threshold: the share of prompts that go to strong, in [0, 1]."""
    thresholds: Given[Sequence[float] | None] = None
    """Of more than two models: the scores from which each higher one answers, ascending."""
    shares: Given[Sequence[float] | None] = None
    """Instead: the share of prompts for each model, from the cheapest up; they add up to 1."""
    share_window: Given[int | None] = DEFAULT_WINDOW
    """How many of the last scored texts the share is kept on; None: the threshold stays where the router's
    own score quantiles put it."""
    sticky: Given[Sticky | None] = None
    """"conversation": once strong has answered in a conversation, strong answers the rest of it. What came
    before is known from the name that `routing(thread_id=...)` or `instrument_tags({"thread_id": ...})` gives
    it, and otherwise from the scores of the earlier turns."""
    sticky_turns: Given[int | None] = None
    """How many easy turns in a row stay on strong before the score decides again; None: all of them."""
    question_variables: Given[Sequence[str]] = ()
    """Names of template variables that hold the person's question, looked for before "query_str", "question"
    and "query", such as ("text",) for prompts that are about a text that the person wrote."""
    housekeeping_route: Given[Route | None] = "weak"
    """The side for calls that a program makes for itself: the prompts that build an index, extractors,
    evaluators that see no question, summaries of memories. None scores them by their whole text."""
    no_text_route: Given[Route] = "strong"
    """The side for calls that hold no text at all: "strong" or "weak"."""
    on_router_error: Given[OnRouterError] = "strong"
    """The side that answers when the router fails, or "raise"."""
    score_timeout: Given[float | None] = None
    """How many seconds a call waits for its score, after which the router has failed; None: as long as it
    takes. For routers that ask another machine; the router that ships is not timed."""
    mode: Given[Mode] = "route"
    """"shadow": strong answers every call, and the record's `shadow_route` says who would have."""
    shadow_sample: Given[float | None] = None
    """With mode="shadow": the share of the calls, in [0, 1], that weak answers as well, in the background, so
    that the log has both answers. Their texts are logged with `log_text=True`."""
    shadow_max_cost: Given[float | None] = None
    """The most that these answers of weak may cost, by the prices; a SQLite log is shared by all on it."""
    escalate_on: Given[ErrorsGiven] = Field(default=(), exclude=True)
    """Exception types of the weak model, "parse_error" or "invalid_tool_call" (a whole answer that calls an
    unknown tool, or one with arguments that break its schema), after which strong is asked, once."""
    escalate_strong_on: Given[ErrorsGiven] = Field(default=(), exclude=True)
    """Exception types of the strong model after which weak is asked, once."""
    escalate_if: Given[EscalateIf | None] = Field(default=None, exclude=True)
    """Given what a method of weak returns, whole: a response, or predict()'s text, or structured_predict()'s
    object (`str(answer)` is text in every case); true: strong is asked as well, once. A streamed answer is
    held back until it was judged, so that nobody is shown one that is rejected. Or `Disagreement(llm)`:
    another cheap model is asked along with weak, and strong where the two do not come to the same."""
    escalate_when: Given[StuckGiven | None] = None
    """When strong takes over the rest of a tool loop: {"repeated_tool_call": 3, "tool_errors": 2,
    "invalid_tool_call": 1}, or some of these."""
    strong_lacks: Given[Collection[Need]] = frozenset()
    """What the strong model can't do, beyond what its metadata says: of "image", "audio", "video", "file",
    "tools", "structured_output"."""
    weak_lacks: Given[Collection[Need]] = frozenset()
    """The same of the weak model; {"tools"} sends every call with tools to strong."""
    tier_lacks: Given[Mapping[str, Collection[Need]]] = Field(default={})
    """The same by the name of a tier: {"mini": {"image"}}."""
    prices: Given[PricesGiven | None] = None
    """Per million tokens, for the statistics: {"strong": {"input": 2.5, "output": 10.0}, "weak": {...}}. Or
    "list": the shipped list prices of the models, by their names."""
    budget: Given[BudgetGiven | None] = None
    """What strong may cost by the prices: {"strong": 20.0, "per": "day"}; or per "hour", "week" or
    "month"."""
    decision_log: Given[LogGiven | None] = None
    """Where each call is written down: "decisions.jsonl" or "sqlite:///decisions.db". Read it back as a
    DecisionLog, whose `outcome(id, score)` says how good an answer was."""
    log_text: bool = False
    """Whether the log holds the scored text itself, beside its hash."""
    on_decision: Callable[[dict[str, Any]], Any] | None = Field(default=None, exclude=True)
    """Given each call's row of the log when the call has ended; called in the background."""
    on_drift: Callable[[Warning], Any] | None = Field(default=None, exclude=True)
    """Given a warning when the traffic has left what the threshold was set on."""
    context_window: Given[Literal["min", "strong"]] = "min"
    """The window that `metadata` promises, for which engines pack their prompts. "min": the smaller one, so
    that each packed prompt fits both models. "strong": the strong model's, which takes fewer calls; a prompt
    that is too long for weak goes to strong."""
    function_calling: Given[Literal["any", "both"]] = "any"
    """When `metadata` promises tool calls. "any": when one of the models makes them; calls with tools then go
    to that one. "both": when both do, so that LlamaIndex otherwise chooses ReAct, which each of them can
    do."""
