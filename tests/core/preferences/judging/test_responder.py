"""What counts as an answer that is not whole, by the reason that its provider gives."""

import enum

import pytest

from routellm_core.preferences.judging.responder import was_cut


class Reason(enum.Enum):
    STOP = 1
    SAFETY = 3


@pytest.mark.parametrize(
    "reason",
    [
        *("length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"),
        *("content_filter", "refusal", "SAFETY", "RECITATION", "guardrail_intervened", Reason.SAFETY),
    ],
)
def test_these_answers_are_not_whole(reason: object) -> None:
    assert was_cut(reason)


@pytest.mark.parametrize(
    "reason", ["stop", "end_turn", "STOP", "tool_calls", None, "", 7, [], {}, Reason.STOP, float("nan")]
)
def test_these_are(reason: object) -> None:
    assert not was_cut(reason)
