"""The verdicts of a run have the form of those that are paid for."""

import json
from pathlib import Path

import pytest

from routellm_core.preferences.judging.verdict_form import verdicts_are_graded

LETTER = {"event": "answer", "role": "judge", "model": "judge", "text": "So.\n[[A]]"}
GRADES = {**LETTER, "text": "So.\n[[A=4 B=2]]"}


@pytest.mark.parametrize(
    ("rows", "wanted", "graded"),
    [
        ([], True, True),
        ([LETTER], True, False),
        ([LETTER], False, False),
        ([GRADES], False, True),
        ([LETTER, GRADES], True, True),
        ([LETTER, GRADES], False, False),
        ([{**LETTER, "model": "another"}], True, True),
        ([{**LETTER, "role": "strong"}], True, True),
        ([{**LETTER, "text": "nonsense"}], True, True),
    ],
)
def test_what_the_log_holds_is_not_paid_in_another_form(
    tmp_path: Path, rows: list[dict[str, str]], wanted: bool, graded: bool
) -> None:
    log = tmp_path / "log.jsonl"
    assert verdicts_are_graded(log, "judge", wanted=wanted) is wanted
    log.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"role": "judge", torn')

    assert verdicts_are_graded(log, "judge", wanted=wanted) is graded
