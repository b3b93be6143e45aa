"""`routellm outcome`: written beside the decision it belongs to, and refused for one that is not there."""

from pathlib import Path

import pytest

from routellm_core.commands.cli import main
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.logged_decisions import read_decisions


@pytest.mark.parametrize("where", ["decisions.jsonl", "sqlite:///decisions.db"])
def test_an_outcome_is_written(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log = DecisionLog.open(where)
    log.write({"id": "a", "route": "weak"})
    log.close()

    assert main(["outcome", "a", "1", "--log", where, "--grader", "tests"]) == 0
    (row,) = [row for row in read_decisions(where) if "outcome_of" in row]
    assert (row["outcome_of"], row["score"], row["grader"]) == ("a", 1.0, "tests")
    assert main(["outcome", "b", "1", "--log", where]) == 2
    assert "holds no decision 'b'" in capsys.readouterr().err
    assert main(["outcome", "a", "7", "--log", where]) == 2
    assert "score is 7.0, expected a number in [0, 1]" in capsys.readouterr().err
