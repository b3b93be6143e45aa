import json
from dataclasses import fields, replace

from routellm_core import Decision

DECISION = Decision("weak", 0.25, 0.5, "score", "random")


def test_record_holds_plain_values_that_survive_json() -> None:
    record = DECISION.record()

    assert record == {"route": "weak", "score": 0.25, "threshold": 0.5, "reason": "score", "router": "random"}
    assert json.loads(json.dumps(record)) == record


def test_record_holds_every_field_that_is_for_others() -> None:
    whole = replace(DECISION.shadowed(), percentile=12.5, id="a", text="hello")
    assert set(whole.record()) == {field.name for field in fields(Decision)} - {
        "text",
        "account",
        "place",
        "repeated",
        "asked",
        "barred",
    }
    assert "hello" not in repr(whole)


def test_record_keeps_a_missing_score_as_none() -> None:
    assert Decision("strong", None, 0.5, "forced", "random").record()["score"] is None


def test_shadow_keeps_what_would_have_happened() -> None:
    shadowed = DECISION.shadowed()

    assert shadowed.route == "strong"
    assert shadowed.record() == {**DECISION.record(), "route": "strong", "shadow_route": "weak"}


def test_escalated_changes_route_and_reason_alone() -> None:
    assert DECISION.escalated("strong") == Decision("strong", 0.25, 0.5, "escalated", "random")
    assert DECISION.reason == "score"
