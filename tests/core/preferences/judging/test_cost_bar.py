"""The progress bar: on a terminal with the cost so far, nowhere else, and words where tqdm is missing."""

import io
import sys

import pytest

from routellm_core.preferences.judging.cost_bar import CostBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_progress_and_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with CostBar(10, lambda line: None, priced=True) as bar:
        bar(9, 10, 0.1)
        bar(10, 10, 1.23456)

    assert "10/10" in terminal.getvalue()
    assert "cost 1.2346" in terminal.getvalue()


def test_what_is_no_terminal_shows_no_bar_and_each_prompt_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    said: list[str] = []
    with CostBar(100, said.append, priced=True) as bar:
        bar(1, 100, 0.5)
        bar(2, 100, 1.0)

    assert pipe.getvalue() == ""
    assert said == ["judged 1 of 100 prompts cost 0.5000", "judged 2 of 100 prompts cost 1.0000"]


@pytest.mark.parametrize(("priced", "last"), [(True, " cost 40.0000"), (False, "")])
def test_without_tqdm_it_is_said_now_and_then(
    monkeypatch: pytest.MonkeyPatch, priced: bool, last: str
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    said: list[str] = []
    with CostBar(40, said.append, priced=priced) as bar:
        for done in range(1, 41):
            bar(done, 40, float(done))

    assert len(said) == 20
    assert said[-1] == f"judged 40 of 40 prompts{last}"
