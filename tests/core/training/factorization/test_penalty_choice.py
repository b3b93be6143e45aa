"""The choice of a penalty: what held-out prompts bear out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.routers.additive import AdditiveRouter
from routellm_core.training.factorization.fit import MatrixFactorizationSettings
from routellm_core.training.factorization.own_data import OwnData, read_own_data
from routellm_core.training.factorization.penalty_choice import (
    PENALTIES,
    PenaltyChoice,
    PenaltySearch,
    choose_penalty,
)
from routellm_core.training.factorization.train import OFFSET_PENALTY
from routellm_core.training.held_out import held_out


def own_data(seed: int, *, learnable: bool) -> tuple[OwnData, Any]:
    rng = np.random.default_rng(seed)
    embeddings = rng.standard_normal((300, 40))
    wins = embeddings[:, 0] > 0 if learnable else rng.random(300) < 0.5
    rows = [Battle(f"p{n}", "big", "small", "model_a" if won else "model_b") for n, won in enumerate(wins)]
    return read_own_data(rows, [], strong="big", weak="small"), embeddings


def chosen_by(
    data: OwnData, embeddings: Any, search: PenaltySearch, settings: MatrixFactorizationSettings
) -> PenaltyChoice:
    chosen = held_out(data.prompts, search.held_out_share, settings.seed)
    return choose_penalty(data, embeddings, settings, search, chosen)


def test_the_penalty_is_low_where_prompts_tell_much_and_high_where_they_tell_nothing() -> None:
    settings = MatrixFactorizationSettings(dimension=3)
    # enough patience for each fit to reach its minimum: what is chosen is the penalty alone
    search = PenaltySearch(0.2, patience=1000)
    much = chosen_by(*own_data(0, learnable=True), search, settings)
    nothing = chosen_by(*own_data(0, learnable=False), search, settings)

    assert much.penalty == min(PENALTIES)
    assert nothing.penalty == max(PENALTIES)
    assert much.held_out_loss < 0.6 * much.constant_loss
    assert much.held_out_accuracy > 0.9
    assert nothing.held_out_loss == pytest.approx(nothing.constant_loss, abs=0.02)


def test_a_fit_that_learns_by_heart_ends_where_its_held_out_loss_was_lowest() -> None:
    data, embeddings = own_data(0, learnable=False)
    settings = MatrixFactorizationSettings(dimension=3)
    looks = PenaltySearch(0.2, interval=2, patience=2, penalties=[0.01])
    early = chosen_by(data, embeddings, looks, settings)
    late = chosen_by(data, embeddings, PenaltySearch(0.2, interval=1000, penalties=[0.01]), settings)

    # nothing can be learned, so every step past the models' ratings makes it worse
    assert early.iterations < 10 < late.iterations
    assert early.held_out_loss < late.held_out_loss - 0.02
    assert early.train_loss > late.train_loss + 0.005
    # more patience finds no better place: it was the right one
    patient = chosen_by(data, embeddings, PenaltySearch(0.2, 2, 100, [0.01]), settings)
    assert patient == early


def test_on_real_battles_it_beats_the_models_ratings_on_prompts_it_never_saw(data_folder: Path) -> None:
    battles = list(read_battles(data_folder / "train/judge_battles.jsonl.gz"))
    data = read_own_data(battles, [], strong="gpt-4-turbo", weak="gpt-35-turbo")
    default = load_router("default")
    assert isinstance(default, AdditiveRouter)
    settings = MatrixFactorizationSettings(offset_penalty=OFFSET_PENALTY)
    embeddings = default.embedder.embed(data.prompts)
    choice = chosen_by(data, embeddings, PenaltySearch(penalties=[30.0]), settings)

    # with base rates kept apart from the scores it would be 0.585
    assert choice.held_out_loss < choice.constant_loss - 0.002
