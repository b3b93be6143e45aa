"""Scoring, embedding and judging as batch callables: small when pickled, equal under Ray to one process."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.batches import EmbedBatch, JudgeBatch, ScoreBatch
from routellm_core.preferences.judging.judgement import JudgingStopped
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.routing.prices import Price

from examples.stand_in import Prompt, StandInModel, StandInServer
from tests.core.scripted_models import ProviderError, ScriptedModel, prefers

PROMPTS = [f"What is {number} plus {number}?" for number in range(8)]
START_LIMIT = 240


def batch(prompts: list[str]) -> dict[str, object]:
    return {"prompt": np.array(prompts, dtype=object), "id": np.arange(len(prompts))}


def test_scores_are_added_and_nothing_is_taken_away() -> None:
    scored = ScoreBatch()(batch(PROMPTS))

    assert list(scored) == ["prompt", "id", "score"]
    assert scored["score"].tolist() == load_router("default").score(PROMPTS).tolist()
    assert ScoreBatch()(batch([]))["score"].shape == (0,)


def test_embeddings_are_the_routers_own() -> None:
    embedded = EmbedBatch()(batch(PROMPTS))["embedding"]

    assert embedded.shape[0] == len(PROMPTS)
    assert np.array_equal(embedded, load_router("default").embedder.embed(PROMPTS))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="router 'random' has no embedder"):
        EmbedBatch("random")(batch(PROMPTS))


@pytest.mark.parametrize("kind", [ScoreBatch, EmbedBatch])
@pytest.mark.parametrize("by_name", [True, False])
def test_a_used_batch_pickles_without_weights(
    kind: type[ScoreBatch | EmbedBatch], by_name: bool, tmp_path: Path
) -> None:
    if not by_name:
        load_router("default").save(tmp_path)
    used = kind("default" if by_name else tmp_path)
    before = used(batch(PROMPTS))
    data = pickle.dumps(used)
    after = pickle.loads(data)(batch(PROMPTS))

    assert len(data) < 500
    assert all(np.array_equal(before[column], after[column]) for column in before)


def test_a_folder_is_loaded_and_a_router_itself_is_refused(tmp_path: Path) -> None:
    load_router("random", seed=5).save(tmp_path / "mine")
    scored = ScoreBatch(tmp_path / "mine")(batch(PROMPTS))

    assert scored["score"].tolist() == load_router("random", seed=5).score(PROMPTS).tolist()
    with pytest.raises(TypeError, match="router is RandomRouter, expected a name or a folder"):
        ScoreBatch(load_router("random"))  # type: ignore[arg-type]


def test_a_batch_without_prompts_is_named() -> None:
    with pytest.raises(ValueError, match=r"no column 'prompt', only \['text'\]"):
        ScoreBatch()({"text": ["a"]})


def test_judged_batches_hold_a_winner_per_row_and_pay_nothing_twice(tmp_path: Path) -> None:
    said = {PROMPTS[3]: " "}
    weak = ScriptedModel("small", lambda text: said.get(text, f"small on {text}"))
    trio = ScriptedModel("big"), weak, ScriptedModel("judge", prefers("small on"))
    judged = JudgeBatch(*trio, log_folder=tmp_path)
    rows = judged(batch([*PROMPTS, PROMPTS[0]]))
    paid = [sum(model.asked.values()) for model in trio]
    again = JudgeBatch(*trio, log_folder=tmp_path)(batch([*PROMPTS, PROMPTS[0]]))

    assert rows["winner"].tolist() == ["model_b"] * 3 + [""] + ["model_b"] * 5
    assert (set(rows["model_a"]), set(rows["model_b"])) == ({"big"}, {"small"})
    assert again["winner"].tolist() == rows["winner"].tolist()
    assert [sum(model.asked.values()) for model in trio] == paid == [8, 8, 14]
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    # Another batch writes another log: two workers never share one.
    judged(batch(PROMPTS[:2]))
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_a_batch_that_stops_is_an_error_and_goes_on_when_done_again(tmp_path: Path) -> None:
    trio = ScriptedModel("big"), ScriptedModel("small"), ScriptedModel("judge", prefers("big on"))
    trio[2].failures = [ProviderError(401)]
    judged = JudgeBatch(*trio, log_folder=tmp_path, settings=JudgingSettings(concurrency=1))

    with pytest.raises(JudgingStopped, match="judge can't be asked"):
        judged(batch(PROMPTS))
    assert judged(batch(PROMPTS))["winner"].tolist() == ["model_a"] * 8
    assert set(trio[0].asked.values()) == {1}


def test_a_judging_batch_pickles_without_key_or_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    trio = [OpenAIResponder(name) for name in ("big", "small", "judge")]
    settings = JudgingSettings(prices={"big": Price(1, 2)}, max_cost=None)
    data = pickle.dumps(JudgeBatch(*trio, log_folder=tmp_path, settings=settings))

    assert len(data) < 2_000
    assert b"sk-very-secret" not in data
    assert pickle.loads(data).settings == settings


IN_RAY = textwrap.dedent(
    """
    import json, os, sys

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from routellm_core.batches import EmbedBatch, JudgeBatch, ScoreBatch
    from routellm_core.preferences.judging.openai_responder import OpenAIResponder

    prompts, url, folder = json.loads(sys.argv[1])
    here = {"_node_ip_address": "127.0.0.1", "object_store_memory": 100 * 2**20}
    ray.init(num_cpus=2, include_dashboard=False, **here)
    print("started", flush=True)
    trio = [OpenAIResponder(name, base_url=url) for name in ("big", "small", "judge")]
    dataset = ray.data.from_items([{"prompt": prompt} for prompt in prompts], override_num_blocks=4)
    scored = dataset.map_batches(ScoreBatch, batch_size=2, compute=ray.data.ActorPoolStrategy(size=2))
    rows = {row["prompt"]: row for row in scored.take_all()}
    judged = dataset.map_batches(EmbedBatch(), batch_size=2).map_batches(
        JudgeBatch(*trio, log_folder=folder), batch_size=2
    )
    for row in judged.take_all():
        rows[row["prompt"]].update(row)
    ray.shutdown()
    listed = [[rows[p]["score"], rows[p]["embedding"].tolist(), rows[p]["winner"]] for p in prompts]
    print("rows", json.dumps(listed), flush=True)
    """
)


def run_in_ray(argument: str, home: Path) -> str:
    """Run the script in a Python of its own; skips where Ray can't start, and leaves no process behind."""
    # A home of its own: Ray keeps a token there.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home)}
    child = subprocess.Popen(
        [sys.executable, "-c", IN_RAY, argument],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, errors = child.communicate(timeout=START_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        printed, errors = child.communicate()
    if "started" not in printed:
        pytest.skip(f"ray does not start here: {errors.strip()[-300:]}")
    assert child.returncode == 0, errors[-3_000:]
    return printed.rpartition("rows ")[2]


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
@pytest.mark.skipif(find_spec("openai") is None, reason="openai is not installed")
def test_two_workers_of_ray_give_what_one_process_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def by_content(prompt: Prompt) -> str:
        return prefers("[big]")(prompt.user)

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    models = [StandInModel("big"), StandInModel("small"), StandInModel("judge", answer=by_content)]
    with StandInServer(models) as server:
        argument = json.dumps([PROMPTS, server.openai_url, str(tmp_path / "logs")])
        rows = json.loads(run_in_ray(argument, tmp_path))
        calls = server.calls()

    assert [row[0] for row in rows] == ScoreBatch()(batch(PROMPTS))["score"].tolist()
    assert [row[1] for row in rows] == EmbedBatch()(batch(PROMPTS))["embedding"].tolist()
    assert [row[2] for row in rows] == ["model_a"] * 8
    # Four batches of two prompts, each with its own log.
    assert len(list((tmp_path / "logs").glob("*.jsonl"))) == 4
    assert calls == {"big": 8, "small": 8, "judge": 16}
