"""The cache of embeddings: what is embedded once, by whom it may be shared, and what a crash costs."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.embedders.cached import CachedEmbedder, identity_of
from routellm_core.embedders.embedder import AsyncEmbedder, EmbedderError
from routellm_core.embedders.openai import OpenAIEmbedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter


class Counting:
    """Embeds a text as (its length, 1/3), and remembers every text it was asked for."""

    def __init__(self, fail_at: str | None = None) -> None:
        self.asked: list[str] = []
        self.fail_at = fail_at

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        if self.fail_at in prompts:
            raise RuntimeError("the machine went down")
        self.asked += prompts
        return np.array([[len(text), 1 / 3] for text in prompts])


class CountingAsync(Counting):
    async def aembed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        await asyncio.sleep(0)
        return super().embed(prompts)

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        raise AssertionError("the event loop would have been blocked")


def cached(inner: Any, folder: Path, **settings: Any) -> CachedEmbedder:
    return CachedEmbedder(inner, folder / "cache.sqlite", **{"identity": "counting", **settings})


TEXTS = ["one", "three", "", "日本語", "\ud800", "one"]


def test_a_text_is_embedded_once(tmp_path: Path) -> None:
    inner = Counting()
    made = cached(inner, tmp_path)
    first, again = made.embed(TEXTS), made.embed(TEXTS[::-1])

    assert first.dtype == np.float32
    assert first.tolist() == np.float32([[len(text), 1 / 3] for text in TEXTS]).tolist()
    assert again.tolist() == first[::-1].tolist()
    assert inner.asked == ["one", "three", "", "日本語", "\ud800"]
    assert made.embed([]).shape[0] == 0


def test_another_process_finds_it(tmp_path: Path) -> None:
    cached(Counting(), tmp_path).embed(TEXTS)
    code = f"""
from tests.core.embedders.test_cached import *
inner = Counting()
found = cached(inner, Path({str(tmp_path)!r})).embed(["one", "four!"])
print(inner.asked, found.tolist()[0][0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[0] == "['four!'] 3.0"


def test_no_text_is_written(tmp_path: Path) -> None:
    cached(Counting(), tmp_path).embed(["a secret question of somebody"])

    assert b"secret" not in (tmp_path / "cache.sqlite").read_bytes()


def test_a_crash_loses_one_batch_at_most(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(10)]
    with pytest.raises(RuntimeError, match="went down"):
        cached(Counting(fail_at="text 7"), tmp_path, batch_size=3).embed(texts)
    inner = Counting()
    cached(inner, tmp_path, batch_size=3).embed(texts)

    assert inner.asked == texts[6:]


def test_threads_may_share_one(tmp_path: Path) -> None:
    made = cached(Counting(), tmp_path, batch_size=2)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: made.embed([f"{'x' * (n % 7)}", f"{n}"]), range(64)))

    assert [rows[0][0] for rows in found] == [n % 7 for n in range(64)]
    assert [rows[1][0] for rows in found] == [len(str(n)) for n in range(64)]


async def test_async_embeddings_come_from_the_same_file(tmp_path: Path) -> None:
    inner = CountingAsync()
    made = cached(inner, tmp_path, batch_size=2)

    assert isinstance(made, AsyncEmbedder)
    assert (await made.aembed(TEXTS)).tolist() == (await made.aembed(TEXTS)).tolist()
    assert made.embed(TEXTS).shape == (6, 2)
    assert len(inner.asked) == 5
    # an inner embedder that does not wait runs in a thread
    assert (await cached(Counting(), tmp_path, identity="other").aembed(TEXTS)).shape == (6, 2)


def test_other_models_do_not_meet(tmp_path: Path) -> None:
    small = OpenAIEmbedder("text-embedding-3-small")
    names = {
        identity_of(small),
        identity_of(OpenAIEmbedder("text-embedding-3-large")),
        identity_of(OpenAIEmbedder("text-embedding-3-small", dimensions=256)),
        identity_of(OpenAIEmbedder("text-embedding-3-small", base_url="http://host/v1")),
        identity_of(load_router("default").embedder),  # type: ignore[attr-defined]
    }
    assert len(names) == 5
    # how it asks does not change what it gets
    assert identity_of(OpenAIEmbedder(batch_size=1, max_retries=9)) == identity_of(small)
    cached(Counting(), tmp_path).embed(TEXTS)
    other = Counting()
    cached(other, tmp_path, identity="another").embed(TEXTS)
    assert len(other.asked) == 5


def test_an_embedder_that_does_not_say_what_it_is_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"Counting does not say what it is made of \(to_parts\): give identity="
    ):
        CachedEmbedder(Counting(), tmp_path / "cache.sqlite")
    with pytest.raises(ValueError, match="batch_size is 0"):
        cached(Counting(), tmp_path, batch_size=0)


def test_what_is_no_embedding_is_not_kept(tmp_path: Path) -> None:
    class Broken:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.full((len(prompts), 2), np.nan)

    class Short:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.ones((1, 2))

    with pytest.raises(EmbedderError, match="Broken answered with 2 values that are NaN"):
        cached(Broken(), tmp_path).embed(["x"])
    with pytest.raises(EmbedderError, match=r"Short answered with shape \(1, 2\), expected \(2, d\)"):
        cached(Short(), tmp_path).embed(["x", "y"])
    inner = Counting()
    cached(inner, tmp_path).embed(["x", "y"])
    assert inner.asked == ["x", "y"]


def test_two_lengths_under_one_name_are_told(tmp_path: Path) -> None:
    class Wide:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.ones((len(prompts), 3))

    cached(Counting(), tmp_path).embed(["x"])
    with pytest.raises(
        EmbedderError, match=r"holds embeddings of lengths \[2, 3\] under the identity 'counting'"
    ):
        cached(Wide(), tmp_path).embed(["x", "y"])


def test_a_file_that_is_no_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_text("This is a letter to my grandmother. " * 100)
    with pytest.raises(EmbedderError, match=r"cache\.sqlite can't be used \(file is not a database\)"):
        cached(Counting(), tmp_path).embed(["x"])
    with pytest.raises(EmbedderError, match="unable to open database file"):
        cached(Counting(), tmp_path / "nowhere").embed(["x"])


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    made = cached(Counting(), tmp_path)
    made.embed(["x"])
    with sqlite3.connect(tmp_path / "cache.sqlite") as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(made.embed, ["y"])
        other.commit()
        assert waiting.result().tolist()[0][0] == 1.0
    other.close()


def test_within_a_router_the_inner_embedder_is_saved(tmp_path: Path) -> None:
    inner = load_router("default").embedder  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    made = MatrixFactorizationRouter(
        CachedEmbedder(inner, tmp_path / "cache.sqlite"),
        ("large", "small"),
        rng.standard_normal((2, 4)),
        rng.standard_normal((4, inner.dimension)),
        strong="large",
        weak="small",
    )
    scores = made.score(["What is 2+2?", "Prove it."])
    made.save(tmp_path / "router")
    loaded = load_router(tmp_path / "router")

    assert type(loaded.embedder) is type(inner)  # type: ignore[attr-defined]
    assert loaded.score(["What is 2+2?", "Prove it."]) == pytest.approx(scores, abs=1e-6)
    again = load_router(tmp_path / "router", embedder=made.embedder)
    assert again.score(["What is 2+2?", "Prove it."]).tolist() == scores.tolist()
    assert not made.scores_inline
    with pytest.raises(TypeError, match="the embedder Counting cannot be saved"):
        cached(Counting(), tmp_path).to_parts()
