"""The published matrix factorization layout: scored by its own formula, from a folder and under its name."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.checkpoints.published_factorization import ARENA_MODELS
from routellm_core.embedders.openai import OpenAIEmbedder
from routellm_core.loading import PUBLISHED
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from examples.stand_in import StandInServer
from examples.stand_in.openai_embeddings import embedding
from examples.stand_in.words import content_words

pytest.importorskip("openai", reason="the published router reads prompts with openai")

PROMPTS = ["What is a prime number?", "Name three rivers in Norway.", "Write a poem about the sea.", "Why?"]

Tensors = dict[str, npt.NDArray[Any]]


def published_tensors(d: int = 128, width: int = 1536) -> Tensors:
    """Random weights in the published layout, of about the sizes that training gives them."""
    rng = np.random.default_rng(7)

    def drawn(*shape: int) -> npt.NDArray[np.float32]:
        return rng.standard_normal(shape).astype(np.float32)

    return {
        "P.weight": drawn(64, d),
        "text_proj.0.weight": drawn(d, width) / np.float32(4),
        "classifier.0.weight": drawn(1, d),
    }


def win_rate_by_torch(tensors: Tensors, prompt: str, strong: int = 24, weak: int = 36) -> float:
    """The published formula, step by step in float32: both models' logits, then σ of their difference."""
    torch = pytest.importorskip("torch", reason="the direct evaluation needs torch")
    vectors = torch.from_numpy(tensors["P.weight"])[[strong, weak]]
    width = tensors["text_proj.0.weight"].shape[1]
    embedded = torch.tensor(embedding(content_words(prompt) or prompt.split(), width).tolist())
    projected = torch.nn.functional.linear(embedded, torch.from_numpy(tensors["text_proj.0.weight"]))
    directions = torch.nn.functional.normalize(vectors, p=2, dim=1)
    logits = (directions * projected) @ torch.from_numpy(tensors["classifier.0.weight"])[0]
    return float(torch.sigmoid(logits[0] - logits[1]))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[..., Path]:
    def write(tensors: Tensors) -> Path:
        folder = tmp_path / "published"
        folder.mkdir(exist_ok=True)
        save_file(tensors, folder / "model.safetensors")
        return folder

    return write


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, stand_in: StandInServer) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)


@pytest.mark.parametrize(("d", "width"), [(128, 1536), (4, 1536), (16, 8)])
def test_scores_are_the_published_formulas(checkpoint: Callable[..., Path], d: int, width: int) -> None:
    tensors = published_tensors(d, width)
    embedder = OpenAIEmbedder(dimensions=None if width == 1536 else width)
    router = load_router(checkpoint(tensors), embedder=embedder)
    direct = [win_rate_by_torch(tensors, prompt) for prompt in PROMPTS]

    assert router.score(PROMPTS) == pytest.approx(direct, abs=1e-6)
    assert np.ptp(direct) > 0.05


def test_any_two_of_the_models_are_a_pair(checkpoint: Callable[..., Path]) -> None:
    tensors = published_tensors()
    folder = checkpoint(tensors)
    router = load_router(folder, strong="RWKV-4-Raven-14B", weak="zephyr-7b-beta")
    direct = [win_rate_by_torch(tensors, prompt, 0, 63) for prompt in PROMPTS]

    assert router.score(PROMPTS) == pytest.approx(direct, abs=1e-6)
    with pytest.raises(ValueError, match="strong is 'gpt-9', which this router does not know"):
        load_router(folder, strong="gpt-9")


def test_the_models_are_the_arenas_in_their_order() -> None:
    assert len(set(ARENA_MODELS)) == 64
    assert sorted(ARENA_MODELS) == list(ARENA_MODELS)
    places = {0: "RWKV-4-Raven-14B", 24: "gpt-4-1106-preview", 36: "mixtral-8x7b-instruct-v0.1"}
    assert {place: ARENA_MODELS[place] for place in places} == places
    assert ARENA_MODELS[63] == "zephyr-7b-beta"


def test_its_name_fetches_the_pinned_revision(
    checkpoint: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = published_tensors()
    folder = checkpoint(tensors)
    asked: list[Any] = []

    def snapshot_download(repository: str, **settings: Any) -> str:
        asked.append((repository, settings["revision"]))
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(
        CheckpointError, match=r"is not the published file: its SHA-256 is .* expected bfc93d47"
    ):
        load_router("mf")
    digest = sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    monkeypatch.setitem(PUBLISHED["mf"].sha256, "model.safetensors", digest)  # type: ignore[arg-type]
    router = load_router("mf")

    assert asked == [("routellm/mf_gpt4_augmented", "5eb3dc745cbe7cb16ca342ceb83b7f6ecf8c77c5")] * 2
    assert isinstance(router, MatrixFactorizationRouter)
    assert (router.name, router.strong, router.weak) == (
        "mf",
        "gpt-4-1106-preview",
        "mixtral-8x7b-instruct-v0.1",
    )
    assert router.score(PROMPTS) == pytest.approx([win_rate_by_torch(tensors, p) for p in PROMPTS], abs=1e-6)


@pytest.mark.parametrize("config", [None, {"dim": 128, "num_models": 64}, {"architectures": ["MFModel"]}])
def test_a_folder_of_it_is_recognised(checkpoint: Callable[..., Path], config: Any) -> None:
    folder = checkpoint(published_tensors())
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))

    assert load_router(folder).name == "mf"
    assert load_router(str(folder)).score(PROMPTS).shape == (4,)


def test_it_saves_and_loads_in_our_format(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    router = load_router(checkpoint(published_tensors()))
    router.save(tmp_path / "mine")
    loaded = load_router(tmp_path / "mine")

    assert loaded.score(PROMPTS).tolist() == router.score(PROMPTS).tolist()
    assert loaded.name == "mine"


async def test_async_scores_are_the_same(checkpoint: Callable[..., Path]) -> None:
    router = load_router(checkpoint(published_tensors()))

    assert (await router.ascore(PROMPTS)).tolist() == router.score(PROMPTS).tolist()
    assert not router.scores_inline
    assert router.score([""]).shape == (1,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"P.weight": np.ones((63, 128), np.float32)},
            r"'P\.weight' has shape \(63, 128\), expected \(64, 'any'\)",
        ),
        (
            {"text_proj.0.weight": np.ones((64, 1536), np.float32)},
            r"has shape \(64, 1536\), expected \(128, 'any'\)",
        ),
        (
            {"classifier.0.weight": np.ones((2, 128), np.float32)},
            r"has shape \(2, 128\), expected \(1, 128\)",
        ),
        ({"classifier.0.weight": None}, r"has no tensor 'classifier\.0\.weight'"),
        ({"P.weight": None}, r"has no tensor 'P\.weight'"),
        (
            {"text_proj.0.bias": np.ones(128, np.float32)},
            r"holds \['text_proj\.0\.bias'\], which .* does not have",
        ),
        ({"P.weight": np.full((64, 128), np.nan, np.float32)}, "NaN or infinite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    checkpoint: Callable[..., Path], change: dict[str, Any], message: str
) -> None:
    changed = {name: tensor for name, tensor in (published_tensors() | change).items() if tensor is not None}
    with pytest.raises(CheckpointError, match=message):
        load_router(checkpoint(changed))


def test_damaged_and_missing_files_are_refused(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    folder = checkpoint(published_tensors())
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-100])
    with pytest.raises(CheckpointError, match="is not a safetensors file"):
        MatrixFactorizationRouter.from_published(folder)
    with pytest.raises(CheckpointError, match=r"model\.safetensors can't be read \(No such file"):
        MatrixFactorizationRouter.from_published(tmp_path / "nowhere")


def test_an_embedder_of_another_width_is_named(checkpoint: Callable[..., Path]) -> None:
    router = load_router(checkpoint(published_tensors()), embedder=OpenAIEmbedder(dimensions=256))
    with pytest.raises(
        ValueError, match=r"returned shape \(1, 256\), expected \(1, 1536\): the router was trained"
    ):
        router.score(["text"])


def test_settings_that_it_does_not_take_are_named(checkpoint: Callable[..., Path]) -> None:
    with pytest.raises(
        TypeError, match=r"'mf' takes the settings \['embedder', 'strong', 'weak'\], got \['seed'\]"
    ):
        load_router(checkpoint(published_tensors()), seed=1)
