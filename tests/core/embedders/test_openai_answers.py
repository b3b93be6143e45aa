"""The OpenAI embedder and a bad day: failures, no key, answers that do not fit; the key stays hidden."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core.embedders.embedder import EmbedderError
from routellm_core.embedders.openai import OpenAIEmbedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from examples.stand_in import StandInServer
from tests.core.scripted_embeddings import ScriptedEmbeddings, rows

openai = pytest.importorskip("openai", reason="the OpenAI embedder needs openai")

KEY = "sk-secret-0123456789"
PROMPTS = ["What is a prime number?", "Name three rivers in Norway."]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


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


def test_it_tries_again_after_a_server_error(stand_in: StandInServer) -> None:
    stand_in.fail_next("text-embedding-3-small", 429, times=2, retry_after=0.001)
    made = OpenAIEmbedder(base_url=stand_in.openai_url, max_retries=2)

    assert made.embed(PROMPTS).shape == (2, 1536)
    assert len(stand_in.requests) == 3


def test_an_api_that_fails_is_named_with_its_model(stand_in: StandInServer) -> None:
    stand_in.fail_next("text-embedding-3-small", 500, times=1)
    made = OpenAIEmbedder(base_url=stand_in.openai_url, max_retries=0)
    with pytest.raises(
        EmbedderError, match=r"model 'text-embedding-3-small' at http://.* failed: InternalServerError: .*500"
    ):
        made.embed(PROMPTS)
    with pytest.raises(EmbedderError, match=r"model 'gpt-4o' .* failed: PermissionDeniedError"):
        OpenAIEmbedder("gpt-4o", base_url=stand_in.openai_url, max_retries=0).embed(PROMPTS)


def test_a_missing_key_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    made = OpenAIEmbedder()  # making it needs none
    with pytest.raises(EmbedderError, match="set the environment variable OPENAI_API_KEY"):
        made.embed(["text"])


def test_the_key_is_nowhere(stand_in: StandInServer, tmp_path: Path) -> None:
    made = OpenAIEmbedder(base_url=stand_in.openai_url)
    made.embed(["text"])
    router(made).save(tmp_path)

    assert KEY.encode() not in pickle.dumps(made)
    assert KEY not in repr(made) + json.dumps(dict(made.to_parts().settings))
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_server_that_repeats_the_key_does_not_bring_it_into_an_error() -> None:
    message = f"Incorrect API key provided: {KEY}."
    with (
        ScriptedEmbeddings(lambda body: {"error": {"message": message}}, status=401) as server,
        pytest.raises(EmbedderError, match=r"Incorrect API key provided: \*\*\*") as caught,
    ):
        OpenAIEmbedder(base_url=server.url).embed(["text"])
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("answer", "settings", "message"),
    [
        (rows([1.0, 2.0]), {}, r"model 'm' at http://.* answered with 1 embeddings, expected 2"),
        (rows([1.0], [2.0], [3.0]), {}, "answered with 3 embeddings, expected 2"),
        (rows([1.0, 2.0], [3.0, 4.0]), {"dimensions": 3}, r"shape \(2, 2\), expected \(2, 3\)"),
        (rows([1.0, 2.0], [3.0]), {}, r"no array of shape \(2, d\)"),
        (rows([1.0, 2.0], [float("nan"), 1.0]), {}, "1 values that are NaN or infinite"),
        (rows([1.0], [2.0], indices=[0, 0]), {}, "numbered its embeddings"),
        (rows([1.0], [2.0], indices=[1, 2]), {}, "expected 0 to 1"),
        ({"object": "list"}, {}, "answered with 0 embeddings, expected 2"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(answer: Any, settings: dict[str, Any], message: str) -> None:
    with ScriptedEmbeddings(lambda body: answer) as server, pytest.raises(EmbedderError, match=message):
        OpenAIEmbedder("m", base_url=server.url, **settings).embed(["one", "two"])


def test_the_models_own_length_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedEmbeddings(lambda body: rows([1.0, 2.0])) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(EmbedderError, match=r"shape \(1, 2\), expected \(1, 1536\)"):
            OpenAIEmbedder().embed(["one"])
        with pytest.raises(
            EmbedderError, match=r"OpenAIEmbedder.embed\(\) returned shape \(1, 2\), expected"
        ):
            router(OpenAIEmbedder("m", base_url=server.url)).score(["one"])


def test_a_server_that_does_not_number_its_answers_keeps_the_order() -> None:
    answer = rows([2.0], [1.0])
    for item in answer["data"]:
        del item["index"]
    with ScriptedEmbeddings(lambda body: answer) as server:
        assert OpenAIEmbedder("m", base_url=server.url).embed(["one", "two"]).tolist() == [[2.0], [1.0]]


def test_answers_out_of_order_are_put_in_order() -> None:
    with ScriptedEmbeddings(lambda body: rows([2.0], [1.0], indices=[1, 0])) as server:
        assert OpenAIEmbedder("m", base_url=server.url).embed(["one", "two"]).tolist() == [[1.0], [2.0]]
