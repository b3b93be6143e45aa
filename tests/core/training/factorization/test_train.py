"""Training on own data: what a router learns of battles and labels."""

from routellm_core import load_router
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.training.factorization.fit import MatrixFactorizationSettings
from routellm_core.training.factorization.own_data import read_own_data
from routellm_core.training.factorization.train import train_with_settings


def test_own_models_are_learned_from_battles_and_labels() -> None:
    embedder = load_router("default").embedder  # type: ignore[attr-defined]
    hard = [f"Prove that {n} is prime and derive the formula." for n in range(40)]
    easy = [f"Say hello to my friend number {n}." for n in range(40)]
    battles = [Battle(text, "big", "tiny", "model_a") for text in hard[:20]]
    battles += [Battle(text, "tiny", "big", "tie") for text in easy[:20]]
    labels = [Label(text, {"big": 1.0, "tiny": 0.0, "mid": 0.5}) for text in hard[20:]]
    labels += [Label(text, {"big": 1.0, "tiny": 1.0, "mid": 1.0}) for text in easy[20:]]
    settings = MatrixFactorizationSettings(projection_penalty=0.1)
    data = read_own_data(battles, labels, strong="big", weak="tiny")
    router = train_with_settings(embedder, data, settings, strong="big", weak="tiny")

    unseen = router.score(["Prove that 997 is prime.", "Say hello to Ada."])
    assert unseen[0] > unseen[1] + 0.02
    assert router.models == ("big", "mid", "tiny")
    assert router.score_quantiles is not None
