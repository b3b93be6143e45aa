"""Fetching from the Hugging Face Hub, its download replaced: what is asked, checked and told."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.utils import filter_repo_objects

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.checkpoints.hub import UnpinnedWarning, download, is_hub_id
from routellm_core.loading import PUBLISHED

COMMIT = "0123456789abcdef0123456789abcdef01234567"

Fetched = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fetched:
    """Let the Hub hold `tmp_path / "hub"`; returns what was asked of it."""
    asked: Fetched = []

    def snapshot_download(repository: str, **settings: Any) -> str:
        asked.append((repository, settings))
        return str(tmp_path / "hub")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    load_router("random", seed=5).save(tmp_path / "hub")
    return asked


def test_a_router_on_the_hub_is_loaded_by_its_id(fetched: Fetched) -> None:
    with pytest.warns(UnpinnedWarning, match="somebody/my-router is not pinned"):
        router = load_router("somebody/my-router")

    assert router.name == "somebody/my-router"
    assert router.score(["x"]).tolist() == load_router("random", seed=5).score(["x"]).tolist()
    assert fetched[0][0] == "somebody/my-router"
    assert fetched[0][1]["revision"] is None


@pytest.mark.parametrize(
    ("source", "given"), [(f"somebody/my-router@{COMMIT}", None), ("somebody/my-router", COMMIT)]
)
def test_a_commit_pins_what_is_fetched(fetched: Fetched, source: str, given: str | None) -> None:
    load_router(source, revision=given)

    assert (fetched[0][0], fetched[0][1]["revision"]) == ("somebody/my-router", COMMIT)


def test_what_is_no_commit_does_not_pin(
    fetched: Fetched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hub").rename(tmp_path / COMMIT)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path / COMMIT))

    with pytest.warns(UnpinnedWarning, match=f"my-router@main is not pinned: .*revision='{COMMIT}'"):
        load_router("somebody/my-router@main")


def test_a_published_router_can_be_had_at_another_revision(fetched: Fetched) -> None:
    with pytest.warns(UnpinnedWarning, match=r"routellm/causal_llm_gpt4_augmented@main"):
        PUBLISHED["causal_llm"].folder()
    PUBLISHED["causal_llm"].folder(COMMIT)

    assert [settings["revision"] for _, settings in fetched] == ["main", COMMIT]


@pytest.mark.parametrize("source", ["default", "random"])
def test_what_is_not_on_the_hub_has_no_revision(source: str) -> None:
    with pytest.raises(ValueError, match=f"router '{source}' is not on the Hub and has none"):
        load_router(source, revision=COMMIT)


def test_two_revisions_are_refused(fetched: Fetched) -> None:
    with pytest.raises(ValueError, match="names one already: give one of them"):
        load_router("somebody/my-router@main", revision=COMMIT)
    assert fetched == []


def test_no_pickle_is_fetched(fetched: Fetched) -> None:
    download("somebody/my-router", COMMIT)
    patterns = fetched[0][1]["allow_patterns"]

    listed = [
        "config.json",
        "model.safetensors",
        "vocab.txt",
        "pytorch_model.bin",
        "weights.pt",
        "x.pkl",
        "a.py",
    ]
    kept = set(filter_repo_objects(listed, allow_patterns=patterns))
    assert kept == {"config.json", "model.safetensors", "vocab.txt"}


def test_a_folder_here_goes_before_the_hub(
    fetched: Fetched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_router("random", seed=6).save(tmp_path / "somebody" / "my-router")
    monkeypatch.chdir(tmp_path)

    assert load_router("somebody/my-router").name == "my-router"
    assert fetched == []


def test_a_path_is_never_looked_up_on_the_hub(fetched: Fetched) -> None:
    for source in (Path("some/folder"), "./some/folder", "/some/folder", "some/deep/folder", "some\\folder"):
        with pytest.raises(ValueError, match="unknown router"):
            load_router(source)
    assert fetched == []


@pytest.mark.parametrize("text", ["a/b", "lm-sys/some_model.v1", "a/b@main", "a/b@refs/pr/1"])
def test_these_are_ids(text: str) -> None:
    assert is_hub_id(text)


@pytest.mark.parametrize("text", ["a", "a/", "/a", "a/b/c", "../b", "a/..", "a b/c", "a/b@", "~/b"])
def test_these_are_no_ids(text: str) -> None:
    assert not is_hub_id(text)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("no route\nto host"),
        RuntimeError("any other library's error"),
        LocalEntryNotFoundError("not in the cache"),
    ],
)
def test_without_network_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def unreachable(repository: str, **settings: Any) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    pattern = rf"mf_gpt4_augmented@5eb3dc74\w+ can't be fetched .*{type(error).__name__}.*give the folder"
    with pytest.raises(CheckpointError, match=pattern):
        load_router("mf")
    with pytest.raises(CheckpointError, match="somebody/nothing can't be fetched"):
        load_router("somebody/nothing")


def test_the_real_library_without_network_ends_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="can't be fetched from the Hugging Face Hub"):
        load_router("mf")


def test_a_file_is_checked_against_its_digest(fetched: Fetched, tmp_path: Path) -> None:
    content = (tmp_path / "hub" / "config.json").read_bytes()

    good = {"config.json": sha256(content).hexdigest()}
    assert download("a/b", COMMIT, sha256=good) == tmp_path / "hub"
    with pytest.raises(
        CheckpointError, match=r"config\.json, from a/b@[0-9a-f]+, is not the published file: .*expected 00"
    ):
        download("a/b", COMMIT, sha256={"config.json": "00"})
    with pytest.raises(CheckpointError, match=r"a/b@c came without more\.json"):
        download("a/b", "c", sha256={"more.json": "00"})


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="pip install huggingface_hub"):
        download("a/b")


def test_every_published_router_is_pinned_and_loads_folders() -> None:
    from routellm_core.loading import _imported

    for name, published in PUBLISHED.items():
        # of the causal LLM no commit is known
        assert name == "causal_llm" or len(f"{int(published.revision, 16):x}") == 40
        assert is_hub_id(published.repository)
        assert callable(_imported(published.router, name).from_published)
