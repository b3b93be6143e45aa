"""The classifier with three labels: what it scores, what it loads, what it refuses."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)
from routellm_core.routers.bert import BertRouter

from tests.tiny_models import bert_network, bert_router, write_network

torch = pytest.importorskip("torch", reason="bert needs the extra torch")
pytest.importorskip("transformers", reason="bert needs the extra torch")

PROMPTS = ["hi", "", "What is the capital of France?", "word " * 300, "été", "x" * 40]


def expected(prompt: str) -> float:
    """The published formula, on one prompt alone."""
    network = bert_network()
    encoded = network.tokenizer(prompt, return_tensors="pt", truncation=True, max_length=64)
    network.model.eval()
    with torch.no_grad():
        logits = network.model(input_ids=encoded["input_ids"]).logits[0].double().numpy()
    weights = np.exp(logits - logits.max())
    return 1.0 - float((weights[1] + weights[2]) / weights.sum())


def test_the_score_is_the_published_formula_whatever_the_batch() -> None:
    for size in (1, 2, 6):
        made = BertRouter(bert_network(), batch_size=size, device="cpu")
        assert made.score(PROMPTS) == pytest.approx([expected(prompt) for prompt in PROMPTS], abs=1e-6)


def test_only_the_first_tokens_are_read() -> None:
    made = bert_router()
    short = BertRouter(bert_network(), max_length=10, device="cpu")

    assert made.score(["a" * 62 + "b"]) == pytest.approx(made.score(["a" * 62 + "c"]))
    assert made.score(["a" * 61 + "b"]) != pytest.approx(made.score(["a" * 61 + "c"]))
    assert short.score(["a" * 8 + "b"]) == pytest.approx(short.score(["a" * 8]))


@pytest.mark.parametrize("labels", [2, 4])
def test_another_number_of_labels_is_named(labels: int, tmp_path: Path) -> None:
    message = rf"has {labels} labels \(LABEL_0, .*\), expected 3: 0 = strong wins, 1 = tie, 2 = weak wins"
    with pytest.raises(CheckpointError, match=message):
        BertRouter(bert_network(labels))
    with pytest.raises(CheckpointError, match=rf"{tmp_path.name} {message}"):
        BertRouter.from_published(write_network(bert_network(labels), tmp_path))


def test_the_published_layout_loads(tmp_path: Path) -> None:
    loaded = BertRouter.from_published(write_network(bert_network(), tmp_path), device="cpu")

    assert loaded.score(PROMPTS) == pytest.approx(bert_router().score(PROMPTS), abs=1e-6)


def test_bfloat16_scores_nearly_the_same_and_stays_so(tmp_path: Path) -> None:
    folder = write_network(bert_network(), tmp_path / "published")
    small = BertRouter.from_published(folder, device="cpu", dtype="bfloat16")
    small.save(tmp_path / "saved")
    loaded = load_router(tmp_path / "saved")

    assert small.network.model.dtype == torch.bfloat16
    assert small.score(PROMPTS) == pytest.approx(bert_router().score(PROMPTS), abs=0.05)
    assert isinstance(loaded, BertRouter)
    assert loaded.network.model.dtype == torch.bfloat16
    assert loaded.score(PROMPTS).tolist() == small.score(PROMPTS).tolist()


def test_what_is_saved_is_no_pickle_and_names_no_folder(tmp_path: Path) -> None:
    published = write_network(bert_network(), tmp_path / "published")
    BertRouter.from_published(published, device="cpu").save(tmp_path / "saved")

    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert {"config.json", "network.config.json", "network.model.safetensors"} <= names
    assert all(name.endswith((".json", ".safetensors", ".txt", ".jinja")) for name in names)
    assert all(str(tmp_path).encode() not in path.read_bytes() for path in (tmp_path / "saved").iterdir())


def test_settings_and_quantiles_survive(tmp_path: Path) -> None:
    quantiles = np.linspace(0.1, 0.9, 5)
    made = BertRouter(bert_network(), max_length=20, batch_size=3, device="cpu", score_quantiles=quantiles)
    made.save(tmp_path)
    loaded = load_router(tmp_path)

    assert isinstance(loaded, BertRouter)
    assert (loaded.max_length, loaded.batch_size) == (20, 3)
    assert loaded.score_quantiles is not None
    assert loaded.score_quantiles.tolist() == quantiles.tolist()


def test_many_threads_score_at_once() -> None:
    made = bert_router()
    alone = made.score(PROMPTS)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: made.score(PROMPTS), range(32)))

    assert all(scores == pytest.approx(alone, abs=1e-6) for scores in found)


def test_a_folder_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    network = bert_network()
    with pytest.raises(CheckpointError, match=r"holds no config\.json: it is not a transformers model"):
        BertRouter.from_published(tmp_path)
    network.model.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"holds no tokenizer .*: give tokenizer="):
        BertRouter.from_published(tmp_path)
    network.model.bert.save_pretrained(tmp_path / "encoder")
    network.tokenizer.save_pretrained(tmp_path / "encoder")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "encoder/config.json").write_text(json.dumps(config))
    with pytest.raises(
        CheckpointError, match=r"the weights lack \['classifier\.bias', 'classifier\.weight'\]"
    ):
        BertRouter.from_published(tmp_path / "encoder")


def damaged(folder: Path, **changes: Any) -> Checkpoint:
    whole = read_checkpoint(folder)
    return Checkpoint(whole.router, dict(whole.settings) | changes, whole.tensors, dict(whole.files))


def test_weights_of_another_shape_are_named(tmp_path: Path) -> None:
    bert_router().save(tmp_path)
    BertRouter(bert_network(positions=32), device="cpu").save(tmp_path / "other")
    mixed = damaged(tmp_path)
    files = dict(mixed.files)
    files["network.model.safetensors"] = read_checkpoint(tmp_path / "other").files[
        "network.model.safetensors"
    ]
    write_checkpoint(tmp_path, Checkpoint(mixed.router, mixed.settings, {}, files))

    with pytest.raises(CheckpointError, match=rf"{tmp_path.name}.*position_embeddings"):
        load_router(tmp_path)


def test_weights_that_are_not_finite_are_named(tmp_path: Path) -> None:
    network = bert_network()
    with torch.no_grad():
        network.model.classifier.bias[1] = float("nan")
    with pytest.raises(CheckpointError, match=r"weight 'classifier\.bias' holds NaN or infinity"):
        BertRouter.from_published(write_network(network, tmp_path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("network.model.safetensors", r"the file 'network\.model\.safetensors' is missing"),
        ("network.config.json", r"the file 'network\.config\.json' is missing"),
        ("network.tokenizer.json", "can't be loaded"),
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, name: str, message: str) -> None:
    bert_router().save(tmp_path)
    whole = damaged(tmp_path)
    files = {key: content for key, content in whole.files.items() if key != name}
    if name == "network.tokenizer.json":
        files = {key: content for key, content in files.items() if "tokenizer" not in key}
        message = "holds no tokenizer"
    write_checkpoint(tmp_path, Checkpoint(whole.router, whole.settings, {}, files))

    with pytest.raises(CheckpointError, match=message):
        load_router(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"max_length": 1}, "max_length is 1"), ({"batch_size": "many"}, "invalid literal")],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, changes: Any, message: str) -> None:
    bert_router().save(tmp_path)
    write_checkpoint(tmp_path, damaged(tmp_path, **changes))

    with pytest.raises(CheckpointError, match=message):
        load_router(tmp_path)


def test_the_published_layout_is_recognised_and_its_name_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = write_network(bert_network(), tmp_path / "published")
    fetched: list[str] = []

    def fetch(repository: str, revision: str, **_: object) -> Path:
        fetched.append(f"{repository}@{revision}")
        return published

    monkeypatch.setattr("routellm_core.checkpoints.published_router.download", fetch)
    by_name, by_folder = load_router("bert", batch_size=1), load_router(published)

    assert fetched == ["routellm/bert_gpt4_augmented@86237e3df400762178ea98379477b8296e66d5e4"]
    assert (by_name.name, by_folder.name) == ("bert", "bert")
    assert by_name.score(["Why?"]) == pytest.approx(by_folder.score(["Why?"]))
