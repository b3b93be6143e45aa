"""Fitting: the optimiser, the gradient, what is learned, and that it is learned the same way twice."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.default.corpus import STRONG, WEAK, CorpusSettings, read_corpus
from routellm_core.training.default.default_router import (
    MIX,
    DefaultRouterSettings,
    mixed_quantiles,
    train_default_router,
)
from routellm_core.training.default.static_table import StaticTableSettings, compress
from routellm_core.training.factorization.matrix_factorization import (
    Comparisons,
    MatrixFactorizationSettings,
    MatrixFactorizationWeights,
    PenalisedLoss,
    fit_matrix_factorization,
)
from routellm_core.training.factorization.own_data import train_matrix_factorization
from routellm_core.training.lbfgs import minimise

SETTINGS = MatrixFactorizationSettings(dimension=3, projection_penalty=0.1, deviation_penalty=1.0)


def test_lbfgs_finds_the_minimum_of_a_curved_valley() -> None:
    def rosenbrock(x: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        a, b = x
        gradient = np.array([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])
        return float((1 - a) ** 2 + 100 * (b - a * a) ** 2), gradient

    found = minimise(rosenbrock, np.array([-1.2, 1.0]), max_iterations=500, tolerance=1e-14)
    assert found == pytest.approx([1.0, 1.0], abs=1e-4)


def comparisons(n: int = 400, seed: int = 0) -> tuple[npt.NDArray[np.float64], Comparisons]:
    """Prompts with one number x; "strong" (0) beats "weak" (1) the surer the larger x; 2 is like "weak"."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    second = rng.integers(1, 3, n)
    won = rng.random(n) < 1 / (1 + np.exp(-(1.0 + 2.0 * x[:, 0])))
    return x, Comparisons(
        row=np.arange(n),
        first=np.zeros(n, dtype=np.int64),
        second=second,
        target=won.astype(np.float64),
        weight=np.ones(n),
        group=np.zeros(n, dtype=np.int64),
    )


QUALITIES = np.array([1.0, -0.5, -0.5])


def test_what_makes_strong_win_is_learned() -> None:
    x, data = comparisons()
    weights = fit_matrix_factorization(x, data, QUALITIES, SETTINGS)
    fresh, unseen = comparisons(seed=1)
    logits = weights.logits(fresh, unseen)

    assert np.corrcoef(logits, fresh[:, 0])[0, 1] > 0.97
    assert np.linalg.norm(weights.model_vectors, axis=1) == pytest.approx([1.0, 1.0, 1.0])


def test_the_same_inputs_give_the_same_bits_and_another_seed_others() -> None:
    x, data = comparisons()
    first, again = (fit_matrix_factorization(x, data, QUALITIES, SETTINGS) for _ in range(2))
    other = fit_matrix_factorization(x, data, QUALITIES, MatrixFactorizationSettings(dimension=3, seed=1))

    assert (first.projection == again.projection).all()
    assert (first.model_vectors == again.model_vectors).all()
    assert not np.array_equal(first.projection, other.projection)


def test_the_fit_is_a_minimum() -> None:
    # With the penalties in, moving any weight either way must not lower the loss: a check of the gradient.
    x, data = comparisons(n=60)
    settings = MatrixFactorizationSettings(
        dimension=2, projection_penalty=1.0, deviation_penalty=1e6, max_iterations=1000
    )
    weights = fit_matrix_factorization(x, data, QUALITIES, settings)

    def loss(projection: npt.NDArray[np.float64]) -> float:
        moved = MatrixFactorizationWeights(weights.model_vectors, projection, weights.bias)
        z = moved.logits(x, data)
        # the groups' own base rates are hidden, so compare with them profiled out
        offsets = np.linspace(-3, 3, 601)[:, None]
        cross = np.logaddexp(0.0, z + offsets) - data.target * (z + offsets)
        return float(cross.sum(axis=1).min()) + 0.5 * float((projection**2).sum())

    at_minimum = loss(weights.projection)
    for index in np.ndindex(weights.projection.shape):
        for step in (-0.2, 0.2):
            moved = weights.projection.copy()
            moved[index] += step
            assert loss(moved) > at_minimum - 1e-3


def test_the_gradient_is_the_loss_functions_slope() -> None:
    x, data = comparisons(n=30)
    grouped = Comparisons(**{**vars(data), "group": np.arange(30) % 3, "weight": np.linspace(0.1, 2.0, 30)})
    settings = MatrixFactorizationSettings(
        dimension=3, projection_penalty=0.7, deviation_penalty=0.3, offset_penalty=0.2
    )
    loss = PenalisedLoss(x, grouped, QUALITIES, settings)
    point = loss.start() + 0.3 * np.random.default_rng(0).standard_normal(len(loss.start()))
    _, gradient = loss(point)

    for index in range(len(point)):
        step = np.zeros(len(point))
        step[index] = 1e-5
        slope = (loss(point + step)[0] - loss(point - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-6), index


def test_a_tie_is_half_a_win() -> None:
    x, data = comparisons()
    ties = Comparisons(**{**vars(data), "target": np.full(len(data), 0.5)})
    logits = fit_matrix_factorization(x, ties, QUALITIES, SETTINGS).logits(x, data)

    assert np.abs(logits).max() < 0.05


def test_groups_keep_their_base_rates_to_themselves() -> None:
    # In group 1 strong always wins, in group 0 by x; the groups differ in nothing else.
    x, data = comparisons()
    group = np.arange(len(data)) % 2
    shifted = Comparisons(**{**vars(data), "group": group, "target": np.where(group == 1, 1.0, data.target)})
    apart = fit_matrix_factorization(x, shifted, QUALITIES, SETTINGS)
    scaled = apart.scaled(2.0)

    assert scaled.logits(x, data) == pytest.approx(2.0 * apart.logits(x, data))
    assert np.corrcoef(apart.logits(x, data), x[:, 0])[0, 1] > 0.95


def test_nothing_to_train_on_is_refused() -> None:
    x, data = comparisons()
    with pytest.raises(ValueError, match="no comparisons to train on"):
        fit_matrix_factorization(x, data.where(np.zeros(len(data), dtype=bool)), QUALITIES, SETTINGS)
    with pytest.raises(ValueError, match="dimension is 1, expected a whole number of at least 2"):
        fit_matrix_factorization(x, data, QUALITIES, MatrixFactorizationSettings(dimension=1))
    with pytest.raises(ValueError, match="different lengths"):
        Comparisons(**{**vars(data), "row": data.row[:-1]})


def test_own_models_are_learned_from_battles_and_labels() -> None:
    embedder = load_router("default").embedder  # type: ignore[attr-defined]
    hard = [f"Prove that {n} is prime and derive the formula." for n in range(40)]
    easy = [f"Say hello to my friend number {n}." for n in range(40)]
    battles = [Battle(text, "big", "tiny", "model_a") for text in hard[:20]]
    battles += [Battle(text, "tiny", "big", "tie") for text in easy[:20]]
    labels = [Label(text, {"big": 1.0, "tiny": 0.0, "mid": 0.5}) for text in hard[20:]]
    labels += [Label(text, {"big": 1.0, "tiny": 1.0, "mid": 1.0}) for text in easy[20:]]
    settings = MatrixFactorizationSettings(projection_penalty=0.1)
    router = train_matrix_factorization(
        embedder, battles, labels, strong="big", weak="tiny", settings=settings
    )

    unseen = router.score(["Prove that 997 is prime.", "Say hello to Ada."])
    assert unseen[0] > unseen[1] + 0.02
    assert router.models == ("big", "mid", "tiny")
    assert router.score_quantiles is not None
    with pytest.raises(
        ValueError, match=r"strong is 'huge', which occurs in no comparison: known are \['big'"
    ):
        train_matrix_factorization(embedder, battles, [], strong="huge", weak="tiny", settings=settings)
    with pytest.raises(ValueError, match="no comparisons"):
        train_matrix_factorization(
            embedder, [], [Label("x", {"big": 1.0})], strong="big", weak="tiny", settings=settings
        )


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def small_data(tmp_path: Path) -> Path:
    """A data folder with invented rows in the layout of the real one."""
    rng = np.random.default_rng(0)
    exam = "How many {}?\nA. {}\nB. 2\nC. 3\nD. 4\nAnswer:"

    def scores(models: dict[str, float]) -> dict[str, float]:
        return {model: float(rng.random() < chance) for model, chance in models.items()}

    gold = {STRONG: 0.8, WEAK: 0.6}
    pro = {"gemini": 0.9, "Mixtral-8x7B-Instruct-v0.1": 0.5, "llama": 0.3}
    arena = [("vicuna", "dolly"), ("dolly", "koala")]
    train = tmp_path / "data" / "train"
    train.parent.mkdir()
    write_rows(
        train / "mmlu_gold_labels.jsonl.gz",
        [{"prompt": exam.format("eggs", n), "scores": scores(gold)} for n in range(40)],
    )
    write_rows(
        train / "mmlu_pro_labels.jsonl.gz",
        [{"prompt": exam.format("ducks", n), "category": "math", "scores": scores(pro)} for n in range(40)],
    )
    write_rows(
        train / "arena_battles.jsonl.gz",
        [
            {"prompt": f"Hello {n}", "model_a": a, "model_b": b, "winner": "model_a"}
            for n in range(20)
            for a, b in arena
        ],
    )
    write_rows(
        train / "judge_battles.jsonl.gz",
        [{"prompt": "Judge me", "model_a": "judged", "model_b": "gemini", "winner": "tie"}],
    )
    with gzip.open(train / "arena_votes.csv.gz", "wt") as stream:
        stream.write("model_a,model_b,winner\ngpt-4,vicuna,model_a\nvicuna,koala,tie_both_bad\n")
        stream.write("koala,dolly,model_a\n")
    return tmp_path / "data"


def small_table() -> StaticEmbedder:
    embedder = load_router("default").embedder  # type: ignore[attr-defined]
    assert isinstance(embedder, PromptEmbedder)
    return embedder.static


def test_the_corpus_shows_questions_with_and_without_options(small_data: Path) -> None:
    corpus = read_corpus(small_data, "licensed", CorpusSettings())

    assert corpus.prompts[:2] == ["How many eggs?\nA. 0\nB. 2\nC. 3\nD. 4\nAnswer:", "How many eggs?"]
    assert corpus.prompts[80:82] == ["How many ducks?\nA. 0\nB. 2\nC. 3\nD. 4", "How many ducks?"]
    # the same model under two names is one model
    assert WEAK in corpus.models
    assert "Mixtral-8x7B-Instruct-v0.1" not in corpus.models
    assert set(corpus.sources) == {"gold", "pro", "arena"}
    assert len(corpus.prompts) == len(corpus.calibration) == len(corpus.sources) == 200


def test_the_judges_battles_enter_only_with_all_sources(small_data: Path) -> None:
    assert "Judge me" not in read_corpus(small_data, "licensed", CorpusSettings()).prompts
    assert "Judge me" in read_corpus(small_data, "all", CorpusSettings()).prompts
    (small_data / "train/judge_battles.jsonl.gz").unlink()
    read_corpus(small_data, "licensed", CorpusSettings())
    with pytest.raises(ValueError, match="sources is 'some', expected 'licensed' or 'all'"):
        read_corpus(small_data, "some", CorpusSettings())


def test_a_battle_of_an_unrated_model_is_named(small_data: Path) -> None:
    votes = small_data / "train/arena_votes.csv.gz"
    votes.write_bytes(gzip.compress(b"model_a,model_b,winner\ngpt-4,vicuna,model_a\n"))

    with pytest.raises(DataError, match="arena battles: model 'dolly' has no votes"):
        read_corpus(small_data, "licensed", CorpusSettings())


def test_training_twice_gives_the_same_files(small_data: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        router = train_default_router(small_data, "licensed", DefaultRouterSettings(), static=small_table())
        assert isinstance(router, MatrixFactorizationRouter)
        router.save(tmp_path / name)

    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_quantiles_follow_the_mix_and_not_the_files_sizes(small_data: Path) -> None:
    corpus = read_corpus(small_data, "licensed", CorpusSettings())
    place = {"gold": 0.9, "pro": 0.8, "arena": 0.1}
    quantiles = mixed_quantiles(np.array([place[source] for source in corpus.sources]), corpus)

    assert (quantiles <= 0.1).mean() == pytest.approx(MIX["arena"], abs=0.02)
    assert (quantiles == 0.9).mean() == pytest.approx(MIX["gold"], abs=0.02)


def test_a_table_keeps_directions_through_reduction_and_rounding() -> None:
    rng = np.random.default_rng(0)
    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{f"w{k}": k for k in range(2, 60)}}
    vectors = (rng.standard_normal((60, 4)) @ rng.standard_normal((4, 16))).astype(np.float32)
    made = compress(vectors, vocabulary, b"{}", StaticTableSettings(dimension=4, frequency_offset=1.0))
    restored = made.scales[:, None] * made.table
    centred = vectors - vectors.mean(axis=0)
    rank = np.arange(2, 62)
    weights = 1.0 / (1.0 + (1 / rank) / (1 / rank).sum())

    assert made.scales[[0, 1]].tolist() == [0.0, 0.0]
    # 4 of 16 dimensions hold it all: inner products survive
    expected = (weights[2:, None] * centred[2:]) @ (weights[2:, None] * centred[2:]).T
    assert np.abs(restored[2:] @ restored[2:].T - expected).max() < 0.02 * np.abs(expected).max()
    with pytest.raises(ValueError, match="vectors has 59 rows, expected 60"):
        compress(vectors[:59], vocabulary, b"{}", StaticTableSettings(dimension=4))
    with pytest.raises(ValueError, match="dimension is 17, the vectors have only 16"):
        compress(vectors, vocabulary, b"{}", StaticTableSettings(dimension=17))
