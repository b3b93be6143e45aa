"""A saved router asks OpenAI again by the key in the environment, and no address that is not allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.checkpoints import CheckpointError
from routellm_core.commands.cli import main
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.reader import HybridRouter, ReaderRouter

from examples.stand_in import StandInServer

pytest.importorskip("openai", reason="openai is not installed")

BASE = load_router("random")
OPENAI = "api.openai.com"
PROMPTS = ["Hi there, you", "Derive the stationary distribution of the following reversible Markov process"]


@pytest.fixture
def api(stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch) -> StandInServer:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)
    return stand_in


def saved(folder: Path, responder: OpenAIResponder) -> str:
    """Save a reader, and return all that was written."""
    ReaderRouter(responder, base=BASE).save(folder)
    return (folder / "config.json").read_text()


def test_it_asks_again_with_the_key_of_the_environment(api: StandInServer, tmp_path: Path) -> None:
    router = ReaderRouter(OpenAIResponder("gpt-4o-mini", max_tokens=8, timeout=9), base=BASE)
    router.save(tmp_path)
    loaded = load_router(tmp_path, allow_hosts=[OPENAI])
    scores = loaded.score(PROMPTS)

    assert "sk-" not in (tmp_path / "config.json").read_text()
    assert scores.tolist() == router.score(PROMPTS).tolist()
    assert scores[0] < scores[1]
    assert isinstance(loaded, ReaderRouter)
    assert (loaded.reader.responder.max_tokens, loaded.reader.responder.timeout) == (8, 9)  # type: ignore[attr-defined]
    assert {body["max_tokens"] for body in api.bodies("gpt-4o-mini")} == {8}


def test_nobody_pays_for_prompts_because_a_file_says_so(api: StandInServer, tmp_path: Path) -> None:
    saved(tmp_path, OpenAIResponder("o-strong", max_tokens=100_000))
    with pytest.raises(CheckpointError, match=r"openai\.com:443, .*allow_hosts.*Otherwise give responder="):
        load_router(tmp_path)
    with pytest.raises(SystemExit):
        main(["score", "--text", PROMPTS[0], "--router", str(tmp_path)])

    assert api.calls() == {}


def test_another_address_has_to_be_allowed(stand_in: StandInServer, tmp_path: Path) -> None:
    saved(tmp_path, OpenAIResponder("gpt-4o-mini", base_url=stand_in.openai_url))
    host = stand_in.openai_url.split("/")[2]
    with pytest.raises(CheckpointError, match=r"names an address at .*allow_hosts.*give responder="):
        load_router(tmp_path)

    assert load_router(tmp_path, allow_hosts=[host]).score(PROMPTS).shape == (2,)
    assert stand_in.calls() == {"gpt-4o-mini": 2}


@pytest.mark.parametrize(
    "responder",
    [
        OpenAIResponder("m", base_url="http://user:password123@127.0.0.1:9/v1"),
        OpenAIResponder("m", base_url="http://127.0.0.1:9/v1?key=password123"),
        OpenAIResponder("m", key_variable="password123"),
    ],
    ids=["user", "query", "variable"],
)
def test_what_could_hold_or_name_a_secret_is_not_saved(responder: OpenAIResponder, tmp_path: Path) -> None:
    assert "password123" not in saved(tmp_path, responder)
    with pytest.raises(CheckpointError, match=r"'m' was asked through a OpenAIResponder.*responder="):
        load_router(tmp_path)


@pytest.mark.parametrize("described", [None, "x", {"kind": "openai"}, {"kind": "openai", "model": "m"}])
def test_a_damaged_description_is_refused(described: object, tmp_path: Path) -> None:
    config = json.loads(saved(tmp_path, OpenAIResponder("m")))
    config["settings"]["responder"] = described
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError):
        load_router(tmp_path)


def test_the_command_line_scores_evaluates_and_calibrates_with_it(
    api: StandInServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    router = tmp_path / "hybrid"
    reader = ReaderRouter(OpenAIResponder("gpt-4o-mini", max_tokens=8), timeout=30)
    HybridRouter(load_router("default"), reader, 1.0, strong_share=0.3).save(router)
    labels = tmp_path / "labels.jsonl"
    rows = [
        {"prompt": f"{prompt} {number}", "scores": {"A": 1, "B": int(prompt is PROMPTS[0])}}
        for number in range(20)
        for prompt in PROMPTS
    ]
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    allowed = ["--allow-host", OPENAI]
    where = ["--router", str(router)]
    evaluation = ["evaluate", "--benchmark", str(labels), "--strong", "A", "--weak", "B", "--json", *where]
    store = ["--scores", str(tmp_path / "scores.sqlite3")]

    assert main([*allowed, *evaluation, *store]) == 0
    found = {row["router"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["hybrid"]["apgr"] == pytest.approx(0.75, abs=0.01)
    assert api.calls() == {"gpt-4o-mini": 40}
    assert main([*allowed, *evaluation, *store]) == 0
    assert api.calls() == {"gpt-4o-mini": 40}  # the scores are stored
    out = tmp_path / "calibration.json"
    calibrate = ["calibrate", "--prompts", str(labels), "--strong-share", "0.5", "--out", str(out)]
    assert main([*allowed, *calibrate, *where, *store]) == 0
    assert main([*allowed, "score", str(labels), *where]) == 0
