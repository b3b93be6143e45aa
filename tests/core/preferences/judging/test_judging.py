"""From prompts and three models to battles: what is asked, what comes of it, and nothing paid twice."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.judging.judging import judge_in_new_loop, judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.json_lines import write_json_lines
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.routing.prices import Price

from tests.core.scripted_models import ScriptedModel, prefers

PROMPTS = [f"Question {number}?" for number in range(6)]
PRICE = Price(input=10_000, output=10_000)
PRICES = {"big": PRICE, "small": PRICE, "judge": PRICE}


def models(judge: Any = None) -> tuple[ScriptedModel, ScriptedModel, ScriptedModel]:
    return ScriptedModel("big"), ScriptedModel("small"), ScriptedModel("judge", judge or prefers("big on"))


async def test_each_pair_is_judged_in_both_orders(tmp_path: Path) -> None:
    strong, weak, judge = models()
    result = await judge_prompts(PROMPTS, strong, weak, judge, log=tmp_path / "log.jsonl")

    assert [judgement.battle for judgement in result.found] == [
        Battle(prompt, "big", "small", "model_a") for prompt in PROMPTS
    ]
    assert (set(strong.asked), set(weak.asked)) == (set(PROMPTS), set(PROMPTS))
    assert sum(judge.asked.values()) == len(judge.asked) == 2 * len(PROMPTS)
    assert (result.made, result.reused, result.stopped) == (24, 0, "")
    assert (result.agreement, result.first_share) == (1.0, 0.5)


@pytest.mark.parametrize("letter", ["A", "B"])
async def test_a_judge_that_looks_at_the_place_only_yields_ties(tmp_path: Path, letter: str) -> None:
    result = await judge_prompts(PROMPTS, *models(f"[[{letter}]]"), log=tmp_path / "log.jsonl")

    assert {judgement.battle.winner for judgement in result.found} == {"tie"}
    assert (len(result.found), result.agreement) == (6, 0.0)
    assert result.first_share == float(letter == "A")


async def test_the_weak_model_can_win(tmp_path: Path) -> None:
    result = await judge_prompts(PROMPTS, *models(prefers("small on")), log=tmp_path / "log.jsonl")

    assert {judgement.battle.winner for judgement in result.found} == {"model_b"}


async def test_the_same_run_again_pays_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    first = await judge_prompts(PROMPTS, *models(), log=log)
    content = log.read_bytes()
    again = models()
    second = await judge_prompts(PROMPTS, *again, log=log)

    assert second.judgements == first.judgements
    assert [sum(model.asked.values()) for model in again] == [0, 0, 0]
    assert (second.made, second.reused) == (0, 24)
    assert log.read_bytes() == content


async def test_more_prompts_or_another_judge_reuse_what_fits(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    await judge_prompts(PROMPTS[:4], *models(), log=log)
    strong, weak, _ = more = models()
    other = ScriptedModel("other", prefers("small on"))
    await judge_prompts(PROMPTS, *more, log=log)
    result = await judge_prompts(PROMPTS, strong, weak, other, log=log)

    assert set(strong.asked) == set(PROMPTS[4:])
    assert sum(other.asked.values()) == 12
    assert {judgement.battle.winner for judgement in result.found} == {"model_b"}


async def test_every_raw_answer_and_verdict_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    await judge_prompts(PROMPTS[:1], *models(), log=log)
    rows = [row for row in map(json.loads, log.read_text().splitlines()) if row["event"] == "answer"]

    assert [(row["role"], row["model"], row.get("order")) for row in rows] == [
        ("strong", "big", None),
        ("weak", "small", None),
        ("judge", "judge", "strong first"),
        ("judge", "judge", "weak first"),
    ]
    assert [row["text"].splitlines()[-1] for row in rows] == [
        "big on Question 0?",
        "small on Question 0?",
        "[[A]]",
        "[[B]]",
    ]
    assert {row["prompt"] for row in rows} == {"Question 0?"}


async def test_a_malformed_verdict_is_asked_again_and_then_rejected(tmp_path: Path) -> None:
    said = iter(["no idea", "[[A]] maybe", "[[A]]", "[[B]]"])
    judge = ScriptedModel("judge", lambda text: next(said))
    result = await judge_prompts(PROMPTS[:1], *models()[:2], judge, log=tmp_path / "a.jsonl")
    assert result.found[0].battle.winner == "model_a"
    assert sorted(judge.asked.values()) == [1, 3]

    judge = ScriptedModel("judge", "no idea")
    settings = JudgingSettings(verdict_attempts=2)
    run = [PROMPTS[:3], *models()[:2], judge]
    result = await judge_prompts(*run, log=tmp_path / "b.jsonl", settings=settings)
    assert result.judgements == (None, None, None)
    assert result.rejected == {"judge gave a malformed verdict": 3}
    assert list(judge.asked.values()) == [2, 2, 2]
    # What was paid for stays rejected; more tries are paid for where more are asked for.
    again = await judge_prompts(*run, log=tmp_path / "b.jsonl", settings=settings)
    assert (again.rejected, again.made) == (result.rejected, 0)
    more = await judge_prompts(*run, log=tmp_path / "b.jsonl", settings=JudgingSettings(verdict_attempts=3))
    assert more.made == 3


async def test_a_judge_that_answers_nonsense_ends_the_run(tmp_path: Path) -> None:
    prompts = [f"Question {number}?" for number in range(50)]
    judge = ScriptedModel("judge", "As a language model...")
    settings = JudgingSettings(nonsense_limit=4, concurrency=1)
    run = [prompts, *models()[:2], judge]
    for times in (1, 2):
        # What the log rejects costs nothing and ends nothing: four more pairs are paid for.
        result = await judge_prompts(*run, log=tmp_path / "log.jsonl", settings=settings)
        assert "judge gave no well-formed verdict on 4 pairs in a row" in result.stopped
        assert sum(judge.asked.values()) == 12 * times


async def test_nonsense_now_and_then_ends_nothing(tmp_path: Path) -> None:
    judge = ScriptedModel("judge", lambda text: "Well." if "Question 0?" in text or "4?" in text else "[[C]]")
    settings = JudgingSettings(nonsense_limit=2, concurrency=1)
    result = await judge_prompts(PROMPTS, *models()[:2], judge, log=tmp_path / "log.jsonl", settings=settings)

    assert (result.stopped, len(result.found)) == ("", 4)


async def test_grades_make_labels_and_battles(tmp_path: Path) -> None:
    def grade(text: str) -> str:
        return "[[A=5 B=2]]" if text.index("big on") < text.index("small on") else "[[A=3 B=4]]"

    settings = JudgingSettings(graded=True)
    result = await judge_prompts(PROMPTS, *models(grade), log=tmp_path / "log.jsonl", settings=settings)
    write_json_lines(tmp_path / "labels.jsonl", result.label_rows())
    write_json_lines(tmp_path / "battles.jsonl", result.battle_rows())

    labels = list(read_labels(tmp_path / "labels.jsonl"))
    assert [dict(label.scores) for label in labels] == [{"big": 4.5, "small": 2.5}] * 6
    assert {battle.winner for battle in read_battles(tmp_path / "battles.jsonl")} == {"model_a"}


async def test_equal_answers_are_a_tie_without_a_judge(tmp_path: Path) -> None:
    judge = ScriptedModel("judge", "[[A]]")
    pair = ScriptedModel("big", "Yes."), ScriptedModel("small", "Yes.")
    result = await judge_prompts(PROMPTS, *pair, judge, log=tmp_path / "log.jsonl")

    assert {(row["winner"], row["source"]) for row in result.battle_rows()} == {("tie", "equal answers")}
    assert sum(judge.asked.values()) == 0


async def test_an_empty_answer_is_rejected_before_it_is_judged(tmp_path: Path) -> None:
    strong, _, judge = models()
    result = await judge_prompts(
        PROMPTS, strong, ScriptedModel("small", " "), judge, log=tmp_path / "log.jsonl"
    )

    assert result.rejected == {"small answered nothing": 6}
    assert sum(judge.asked.values()) == 0


async def test_repeated_prompts_are_asked_once_and_references_are_shown(tmp_path: Path) -> None:
    strong, weak, judge = models()
    references = {PROMPTS[0]: "The right one."}
    result = await judge_prompts(
        [*PROMPTS, *PROMPTS], strong, weak, judge, log=tmp_path / "log.jsonl", references=references
    )

    assert (result.repeated, len(result.judgements)) == (6, 6)
    assert sum("The right one." in text for text in judge.asked) == 2


async def test_no_more_calls_at_once_than_allowed_and_as_many(tmp_path: Path) -> None:
    shared = ScriptedModel("big", lambda text: f"big on {text}" if text in PROMPTS else "[[C]]")
    settings = JudgingSettings(concurrency=3)
    weak = ScriptedModel("small")
    await judge_prompts(PROMPTS, shared, weak, shared, log=tmp_path / "log.jsonl", settings=settings)

    assert shared.peak == 3


async def test_the_cap_is_never_passed_and_can_be_raised(tmp_path: Path) -> None:
    log, costs = tmp_path / "log.jsonl", []
    trio = models()
    capped = JudgingSettings(prices=PRICES, max_cost=20.0, concurrency=4)
    result = await judge_prompts(
        PROMPTS, *trio, log=log, settings=capped, progress=lambda done, total, cost: costs.append(cost)
    )

    assert "the cap on spend is reached" in result.stopped
    assert 0 < result.spent <= 20.0
    # 150 tokens a call, counted by the provider.
    assert result.spent == pytest.approx(1.5 * sum(sum(model.asked.values()) for model in trio))
    assert max(costs, default=0) <= 20.0

    rest = await judge_prompts(PROMPTS, *trio, log=log, settings=JudgingSettings(prices=PRICES, max_cost=100))
    assert (rest.stopped, len(rest.found), rest.spent) == ("", 6, pytest.approx(36.0))
    assert all(count == 1 for model in trio for count in model.asked.values())


async def test_an_answer_without_counts_costs_the_most_it_can(tmp_path: Path) -> None:
    trio = (*models()[:2], ScriptedModel("judge", "[[C]]", usage=None))
    settings = JudgingSettings(prices={"judge": Price(input=0, output=1_000_000)})
    result = await judge_prompts(PROMPTS, *trio, log=tmp_path / "log.jsonl", settings=settings)

    assert result.spent == pytest.approx(12 * 50)


def test_models_and_settings_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    strong, weak, judge = models()
    with pytest.raises(ValueError, match="strong and weak are both 'big'"):
        asyncio.run(judge_prompts(PROMPTS, strong, strong, judge, log=tmp_path / "log.jsonl"))
    settings = JudgingSettings(prices={"big": PRICE}, max_cost=5)
    with pytest.raises(ValueError, match="none is given for 'small', 'judge'"):
        judge_in_new_loop(PROMPTS, strong, weak, judge, log=tmp_path / "log.jsonl", settings=settings)
    judge_in_new_loop(PROMPTS, strong, weak, ScriptedModel("first judge"), log=tmp_path / "log.jsonl")
    # The log's own calls count too, and what they cost must be known.
    settings = JudgingSettings(prices=PRICES, max_cost=5)
    with pytest.raises(ValueError, match="none is given for 'first judge'"):
        judge_in_new_loop(PROMPTS, strong, weak, judge, log=tmp_path / "log.jsonl", settings=settings)
    with pytest.raises(ValueError, match="concurrency is 0, expected a whole number"):
        JudgingSettings(concurrency=0)


async def test_it_runs_inside_a_running_loop_too(tmp_path: Path) -> None:
    assert len(judge_in_new_loop(PROMPTS, *models(), log=tmp_path / "log.jsonl").found) == 6


@pytest.mark.parametrize("graded", [False, True])
async def test_a_verdict_that_was_cut_off_is_none(tmp_path: Path, graded: bool) -> None:
    class CutOff(ScriptedModel):
        async def __call__(self, messages: Sequence[Message]) -> Answer:
            return replace(await super().__call__(messages), truncated=True)

    judge = CutOff("judge", "[[A=4 B=2]]" if graded else "[[A]]")
    result = await judge_prompts(
        ["Why?"],
        ScriptedModel("big"),
        ScriptedModel("small"),
        judge,
        log=tmp_path / "log.jsonl",
        settings=JudgingSettings(graded=graded),
    )

    assert (result.found, dict(result.rejected)) == ([], {"judge was cut off before its verdict": 1})
