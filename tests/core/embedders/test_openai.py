"""The OpenAI embedder with the real client: what is sent, in which requests, and every kind of bad answer."""

import asyncio
import copy
import pickle
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError, write_checkpoint
from routellm_core.commands.cli import main
from routellm_core.embedders.embedder import AsyncEmbedder
from routellm_core.embedders.openai import OpenAIEmbedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from examples.stand_in import StandInServer
from examples.stand_in.openai_embeddings import embedding
from examples.stand_in.words import content_words
from tests.core.scripted_embeddings import ScriptedEmbeddings, rows

openai = pytest.importorskip("openai", reason="the OpenAI embedder needs openai")

KEY = "sk-secret-0123456789"
PROMPTS = ["What is a prime number?", "Name three rivers in Norway.", "Write a poem about the sea."]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def embedder(stand_in: StandInServer) -> OpenAIEmbedder:
    return OpenAIEmbedder(base_url=stand_in.openai_url)


def expected(prompts: Sequence[str], size: int = 1536) -> Any:
    return np.array([embedding(content_words(prompt), size) for prompt in prompts], dtype=np.float32)


def inputs(stand_in: StandInServer) -> list[list[str]]:
    return [request.body["input"] for request in stand_in.requests]


def test_it_returns_the_servers_embeddings_in_order(
    embedder: OpenAIEmbedder, stand_in: StandInServer
) -> None:
    found = embedder.embed(PROMPTS)

    assert found.dtype == np.float32
    assert (found == expected(PROMPTS)).all()
    assert inputs(stand_in) == [PROMPTS]
    assert stand_in.requests[0].body["model"] == "text-embedding-3-small"


def test_without_an_address_the_client_finds_its_own(
    stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)

    assert (OpenAIEmbedder().embed(PROMPTS) == expected(PROMPTS)).all()


def test_no_prompts_need_no_request(embedder: OpenAIEmbedder, stand_in: StandInServer) -> None:
    assert embedder.embed([]).shape == (0, 1536)
    assert stand_in.requests == []


def test_requests_hold_so_many_texts_at_most(stand_in: StandInServer) -> None:
    prompts = [f"Prompt number {n} of some." for n in range(7)]
    made = OpenAIEmbedder(base_url=stand_in.openai_url, batch_size=3)

    assert (made.embed(prompts) == expected(prompts)).all()
    assert sorted(map(len, inputs(stand_in))) == [1, 3, 3]


def test_requests_hold_so_many_tokens_at_most(stand_in: StandInServer) -> None:
    prompts = ["short", "word " * 60, "word " * 60, "short again", "word " * 200, "the end", "and after"]
    made = OpenAIEmbedder(base_url=stand_in.openai_url, batch_tokens=250)

    assert (made.embed(prompts) == expected(prompts)).all()
    # a text longer than a request's share travels alone
    found = sorted(inputs(stand_in), key=lambda texts: prompts.index(texts[0]))
    assert found == [prompts[:4], prompts[4:5], prompts[5:]]


@pytest.mark.parametrize("text", ["", "  \n", "\ud800", "日本語", "a\udfffb", "<|endoftext|>"], ids=ascii)
def test_any_text_has_an_embedding(embedder: OpenAIEmbedder, text: str) -> None:
    found = embedder.embed(["Hello there", text])

    assert found.shape == (2, 1536)
    assert np.linalg.norm(found[1]) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("text", ["What next? " * 20_000, "x" * 1_000_000, "日本" * 20_000], ids=len)
def test_a_long_text_is_cut_to_what_the_model_reads(
    embedder: OpenAIEmbedder, stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("routellm_core.embedders.token_limit._encoding", lambda model: None)
    embedder.embed([text])

    (sent,) = inputs(stand_in)[0]
    assert text.startswith(sent)
    assert 2_700 <= len(sent) <= 3 * 8191


def test_shorter_embeddings_are_asked_for(stand_in: StandInServer) -> None:
    made = OpenAIEmbedder("text-embedding-3-large", dimensions=256, base_url=stand_in.openai_url)

    assert made.embed(PROMPTS).shape == (3, 256)
    assert stand_in.requests[0].body["dimensions"] == 256


async def test_async_embeddings_are_the_same(stand_in: StandInServer) -> None:
    made = OpenAIEmbedder(base_url=stand_in.openai_url, batch_size=2)

    assert isinstance(made, AsyncEmbedder)
    assert (await made.aembed(PROMPTS) == expected(PROMPTS)).all()
    assert (await made.aembed([])).shape == (0, 1536)


def test_one_embedder_serves_many_event_loops(embedder: OpenAIEmbedder) -> None:
    async def many() -> list[Any]:
        return await asyncio.gather(*(embedder.aembed([prompt]) for prompt in PROMPTS * 10))

    for _ in range(3):
        assert (np.concatenate(asyncio.run(many())) == expected(PROMPTS * 10)).all()


async def test_an_event_loop_runs_on_while_the_api_is_awaited() -> None:
    answered = threading.Event()

    class Waiting:
        class embeddings:
            @staticmethod
            def create(**request: Any) -> Any:
                # only the event loop, if it runs, lets this go on
                found = answered.wait(10)
                return openai.types.CreateEmbeddingResponse.model_validate(rows([float(found)]))

    asyncio.get_running_loop().call_later(0.01, answered.set)
    made = OpenAIEmbedder("waiting", client=Waiting())
    assert (await made.aembed(["text"])).tolist() == [[1.0]]


async def test_a_router_scores_through_the_async_call(
    stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = router(OpenAIEmbedder(base_url=stand_in.openai_url))
    scores = made.score(PROMPTS).tolist()
    monkeypatch.setattr(OpenAIEmbedder, "embed", None)

    assert (await made.ascore(PROMPTS)).tolist() == scores
    assert not made.scores_inline


def router(embedder: Any, width: int = 1536) -> MatrixFactorizationRouter:
    rng = np.random.default_rng(0)
    return MatrixFactorizationRouter(
        embedder,
        ("large", "small"),
        rng.standard_normal((2, 4)),
        rng.standard_normal((4, width)),
        strong="large",
        weak="small",
    )


def test_azure_is_a_client_that_is_given(tmp_path: Path) -> None:
    with ScriptedEmbeddings(lambda body: rows(*[[1.0, 2.0]] * len(body["input"]))) as server:
        client = openai.AzureOpenAI(azure_endpoint=server.url, api_version="2024-10-21", api_key=KEY)
        made = OpenAIEmbedder("my-deployment", client=client)
        assert made.embed(PROMPTS).shape == (3, 2)
        assert server.paths == ["/openai/deployments/my-deployment/embeddings?api-version=2024-10-21"]
        assert server.headers[0]["api-key"] == KEY

        router(made, width=2).save(tmp_path)
        with pytest.raises(CheckpointError, match=r"a client of its own \(AzureOpenAI\), which is not saved"):
            load_router(tmp_path)
        loaded = load_router(tmp_path, embedder=made)
        assert loaded.score(PROMPTS).tolist() == router(made, width=2).score(PROMPTS).tolist()


def test_a_router_saves_its_embedder_by_name(stand_in: StandInServer, tmp_path: Path) -> None:
    made = router(OpenAIEmbedder(base_url=stand_in.openai_url, dimensions=8), width=8)
    made.save(tmp_path)

    loaded = load_router(tmp_path, allow_hosts=["127.0.0.1"])

    assert loaded.score(PROMPTS).tolist() == made.score(PROMPTS).tolist()


@pytest.mark.parametrize("allowed", [[], ["example.org"], ["127.0.0.1:1"]])
def test_an_address_from_a_file_gets_no_prompt_and_no_key(
    stand_in: StandInServer, tmp_path: Path, allowed: list[str]
) -> None:
    router(OpenAIEmbedder(base_url=stand_in.openai_url, dimensions=8), width=8).save(tmp_path)

    with pytest.raises(CheckpointError, match=r"names an address at 127\.0\.0\.1:\d+, .*allow_hosts=\['127"):
        load_router(tmp_path, allow_hosts=allowed)
    assert stand_in.requests == []
    # the caller's own embedder goes where the caller says
    own = load_router(tmp_path, embedder=OpenAIEmbedder(base_url=stand_in.openai_url, dimensions=8))
    assert len(own.score(PROMPTS)) == len(PROMPTS)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1@elsewhere/v1", "http://elsewhere\\@127.0.0.1/v1", "ftp://127.0.0.1", 7, "", "http://"],
)
def test_an_address_that_hides_its_host_is_refused(
    stand_in: StandInServer, tmp_path: Path, address: object
) -> None:
    made = router(OpenAIEmbedder(base_url=stand_in.openai_url, dimensions=8), width=8).to_checkpoint()
    embedder = {**made.settings["embedder"], "base_url": address}
    write_checkpoint(tmp_path, replace(made, settings={**made.settings, "embedder": embedder}))

    with pytest.raises(CheckpointError, match="which is not the address of a host"):
        load_router(tmp_path, allow_hosts=["127.0.0.1"])


def test_the_command_line_allows_hosts(
    stand_in: StandInServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    router(OpenAIEmbedder(base_url=stand_in.openai_url, dimensions=8), width=8).save(tmp_path / "router")
    (tmp_path / "prompts.txt").write_text("\n".join(PROMPTS))
    command = ["score", "--router", str(tmp_path / "router"), str(tmp_path / "prompts.txt")]

    assert main(command) == 3
    assert "names an address at 127.0.0.1" in capsys.readouterr().err
    assert main(["--allow-host", "127.0.0.1", *command]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(PROMPTS)
    with pytest.raises(CheckpointError):
        load_router(tmp_path / "router")


@pytest.mark.parametrize("hosts", [["http://x"], ["x/y"], [7], ["x:port"]])
def test_hosts_are_names(hosts: list[str]) -> None:
    with pytest.raises(ValueError, match="allow_hosts holds"):
        load_router("random", allow_hosts=hosts)
    with pytest.raises(TypeError, match="expected a list of hosts"):
        load_router("random", allow_hosts="x")


def test_copies_ask_the_same(embedder: OpenAIEmbedder) -> None:
    embedder.embed(PROMPTS)
    for twin in (copy.copy(embedder), copy.deepcopy(embedder), pickle.loads(pickle.dumps(embedder))):
        assert (twin.embed(PROMPTS) == expected(PROMPTS)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_tokens": 1.5}, "batch_tokens is 1.5"),
        ({"max_tokens": True}, "max_tokens is True"),
        ({"max_concurrency": -1}, "max_concurrency is -1"),
        ({"dimensions": 0}, "dimensions is 0"),
        ({"model": ""}, "model is ''"),
        ({"base_url": "localhost:8000"}, "base_url is 'localhost:8000', expected an address"),
        ({"base_url": "http://x/v1", "client": object()}, "base_url and client are both given"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OpenAIEmbedder(**settings)


@pytest.mark.parametrize("address", [f"https://me:{KEY}@host/v1", f"https://host/v1?key={KEY}"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match="base_url holds a user name") as caught:
        OpenAIEmbedder(base_url=address)
    assert KEY not in str(caught.value)


def test_an_async_client_is_refused() -> None:
    with pytest.raises(TypeError, match="client is AsyncOpenAI, expected its counterpart"):
        OpenAIEmbedder(client=openai.AsyncOpenAI())


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    with pytest.raises(ImportError, match=r"pip install 'routellm-plugins\[openai\]'"):
        OpenAIEmbedder().embed(["text"])
