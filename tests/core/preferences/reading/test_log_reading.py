"""Logs in every layout come out as the same call; what no person's question asked is told apart."""

import json
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.reading.log_reading import LogReader
from routellm_core.preferences.reading.logged_call import LoggedCall
from routellm_core.preferences.reading.options import ReadingOptions
from routellm_core.preferences.reading.records import DataError, RowError
from routellm_core.routing.prices import TokenUsage

from tests.core import logged_rows as rows
from tests.core.logged_rows import ANSWER, CHAT, QUESTION, TOOL_STEP

USAGE = TokenUsage(40, 9, 16)


def saved(folder: Path, *values: Any, name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def read(*paths: Path | str, **options: Any) -> tuple[list[LoggedCall], LogReader]:
    reader = LogReader([*paths], ReadingOptions(**options))
    return list(reader.all_calls()), reader


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (rows.openai_chat(), "an OpenAI request log"),
        ({**rows.openai_chat()["request"], **rows.openai_chat()["response"]}, "an OpenAI request log"),
        (
            {name: json.dumps(body) for name, body in rows.openai_chat().items()},
            "an OpenAI request log",
        ),
        (rows.openai_responses(), "an OpenAI request log"),
        ({**rows.batch_request(), "response": rows.batch_answer()["response"]}, "an OpenAI batch"),
        (rows.langsmith(), "a LangSmith export of runs"),
        (rows.langsmith(messages=json.dumps(CHAT)), "a LangSmith export of runs"),
        ({"data": [rows.langfuse(), rows.langfuse("SPAN")], "meta": {}}, "a Langfuse export"),
        (rows.langfuse(), "a Langfuse export"),
        (rows.langfuse_csv(), "a Langfuse export"),
        (rows.langfuse(usageDetails={"input": 40, "input_cached_tokens": 16, "output": 9, "total": 49}),
         "a Langfuse export"),
        (rows.openinference(), "spans of OpenInference or OpenTelemetry"),
        (rows.otlp(rows.OPENINFERENCE_ATTRIBUTES), "spans of OpenInference or OpenTelemetry"),
        (rows.otlp(rows.GENAI_ATTRIBUTES), "spans of OpenInference or OpenTelemetry"),
        (rows.genai_events(), "spans of OpenInference or OpenTelemetry"),
        (rows.litellm(), "a LiteLLM log"),
        ({"standard_logging_object": rows.litellm()}, "a LiteLLM log"),
        (rows.decision(), "a decision log of this project"),
        (
            {"question": QUESTION, "answer": ANSWER, "model": "gpt-4o", "prompt_tokens": 40,
             "completion_tokens": 9, "cached_tokens": 16, "timestamp": 1717000000},
            "a table of prompts",
        ),
    ],
)  # fmt: skip
def test_every_layout_gives_the_same_call(tmp_path: Path, row: dict[str, Any], title: str) -> None:
    calls, reader = read(saved(tmp_path, row))
    (call,) = [call for call in calls if call.kind == "question"]

    assert (call.text, call.model, call.usage) == (QUESTION, "gpt-4o", USAGE)
    assert call.answer == (None if "route" in row or "events" in json.dumps(row) else ANSWER)
    assert call.time in (1717000000.0, None)
    assert f"as {title} (JSON Lines)" in reader.report.sentence()


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [*CHAT, {"role": "assistant", "content": ANSWER}]},
        {"conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": ANSWER}]},
        {"conversation": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]},
        [*CHAT, {"role": "assistant", "content": ANSWER}],
    ],
)
def test_conversations_without_a_provider_are_calls_without_tokens(tmp_path: Path, row: Any) -> None:
    calls, _ = read(saved(tmp_path, row, row))
    call = calls[0]

    assert len(calls) == 2
    assert (call.text, call.answer, call.usage) == (QUESTION, ANSWER, None)


@pytest.mark.parametrize("files", [["requests", "answers"], ["answers", "requests"]])
def test_the_two_files_of_a_batch_are_joined(tmp_path: Path, files: Sequence[str]) -> None:
    saved(tmp_path, *map(rows.batch_request, range(3)), name="requests")
    saved(tmp_path, *map(rows.batch_answer, [2, 0]), name="answers")
    calls, reader = read(*(tmp_path / name for name in files))

    assert [call.usage for call in calls] == [USAGE, USAGE, None]
    assert reader.report.decisions == 3


def test_answers_of_a_batch_alone_ask_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no prompt: read 1 row as an OpenAI batch"):
        read(saved(tmp_path, rows.batch_answer()))


def test_a_tool_loop_is_one_decision_with_many_calls(tmp_path: Path) -> None:
    again = [*TOOL_STEP, {"role": "assistant", "content": "one more"}, {"role": "tool", "content": "x"}]
    other = [
        *TOOL_STEP,
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "And in spring? " * 2},
    ]
    calls, reader = read(saved(tmp_path, *map(rows.openai_chat, (CHAT, TOOL_STEP, again, other))))

    assert [(call.kind, call.decision, call.starts) for call in calls] == [
        ("question", 0, True),
        ("tool step", 0, False),
        ("tool step", 0, False),
        ("question", 1, True),
    ]
    assert {call.text for call in calls[:3]} == {QUESTION}
    assert "2 decisions with 4 calls (2 tool steps, 0 retries)" in reader.report.sentence()


def test_a_log_that_is_written_backwards_has_the_same_decisions(tmp_path: Path) -> None:
    calls, reader = read(saved(tmp_path, rows.openai_chat(TOOL_STEP), rows.openai_chat(CHAT)))

    assert [call.decision for call in calls] == [0, 0]
    assert reader.report.decisions == 1


def test_equal_questions_of_different_people_are_two_decisions(tmp_path: Path) -> None:
    _, reader = read(saved(tmp_path, rows.openai_chat(), rows.openai_chat()))

    assert reader.report.decisions == 2


def test_the_same_parent_asks_again(tmp_path: Path) -> None:
    runs = [rows.langsmith(parent_run_id=parent, id=str(n)) for n, parent in enumerate(["p", "p", "q"])]
    calls, _ = read(saved(tmp_path, *runs))

    assert [(call.kind, call.decision) for call in calls] == [("question", 0), ("retry", 0), ("question", 1)]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({**rows.openai_chat(), "response": rows.FAILED_FIELDS}, "error"),
        ({**rows.openai_chat(), "status_code": "429.0"}, "error"),
        (rows.langfuse(level="ERROR"), "error"),
        (rows.litellm(status="failure"), "error"),
        (rows.otlp(rows.GENAI_ATTRIBUTES, status={"code": 2}), "error"),
        (rows.langsmith("embedding"), "embedding"),
        (rows.langfuse("EMBEDDING"), "embedding"),
        (rows.litellm(call_type="aembedding"), "embedding"),
        ({"request": {"model": "text-embedding-3-small", "input": QUESTION}, "response": {}}, "embedding"),
        (rows.langsmith("chain"), "other"),
        (rows.langfuse("SPAN"), "other"),
        (rows.otlp({"openinference.span.kind": "RETRIEVER", "input.value": QUESTION}), "other"),
        (rows.decision(outcome_of="d1"), "other"),
        (rows.langsmith(extra={"metadata": {"lc_source": "SummarizationMiddleware"}}), "housekeeping"),
        (rows.langfuse(name="generate-title"), "housekeeping"),
        (rows.openai_chat([{"role": "user", "content": "### Task:\nGenerate a concise title. " + "x " * 99}]),
         "housekeeping"),
        (rows.openai_chat([{"role": "user", "content": "  "}]), "empty"),
        (rows.openai_chat([{"role": "system", "content": "Say hello."}]), "no text"),
        (rows.decision(text=None), "not kept"),
        (rows.decision(text=None, text_hash=None), "empty"),
        (rows.decision(version=2), "later version"),
        (rows.openai_chat([{"role": "user", "content": "Summarize this conversation."}]), "question"),
        (rows.langfuse(name="summarize-article"), "question"),
    ],
)  # fmt: skip
def test_what_a_call_was_for(tmp_path: Path, row: dict[str, Any], kind: str) -> None:
    reader = LogReader([saved(tmp_path, rows.langfuse() if "traceId" in row else row, row)])
    try:
        list(reader.all_calls())
    except DataError:
        assert kind not in ("question", "tool step")

    assert reader.report.calls[kind] >= 1  # type: ignore[index]


def test_the_text_is_the_one_that_the_router_would_score(tmp_path: Path) -> None:
    reminded = [
        {"role": "user", "content": f"<system-reminder>be kind</system-reminder>{QUESTION}"},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "yes"},
    ]
    blocks = [{"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": QUESTION}]}]
    react = [*CHAT, {"role": "assistant", "content": "Action: look\nAction Input: x"},
             {"role": "user", "content": "Observation: it is red"}]  # fmt: skip
    calls, _ = read(saved(tmp_path, *map(rows.openai_chat, (reminded, blocks, react))))

    assert [call.text for call in calls] == [QUESTION] * 3
    assert calls[2].kind == "tool step"


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -4, "completion_tokens": 9},
        {"prompt_tokens": 4, "completion_tokens": "many"},
        {"prompt_tokens": 1e12, "completion_tokens": 9},
        {"prompt_tokens": 4.5, "completion_tokens": 9},
        {"prompt_tokens": 4, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 5}},
        {"prompt_tokens": float("nan"), "completion_tokens": 9},
    ],
)
def test_tokens_that_cannot_be_are_counted_and_not_believed(tmp_path: Path, usage: dict[str, Any]) -> None:
    path = saved(tmp_path, rows.openai_chat(**usage), rows.openai_chat())
    calls, reader = read(path)

    assert [call.usage for call in calls] == [None, USAGE]
    assert reader.report.impossible == 1
    assert "log.jsonl:1" in reader.report.impossible_example
    with pytest.raises(RowError, match=r"log\.jsonl:1: .*which is impossible"):
        read(path, strict=True)


def test_the_sentence_says_what_was_read_and_what_was_skipped(tmp_path: Path) -> None:
    asked = [rows.langfuse(input=f"{QUESTION} ({n})", traceId=str(n)) for n in range(5)]
    empty = [rows.langfuse(input="") for _ in range(2)]
    path = saved(tmp_path, *asked, *empty, rows.langfuse("SPAN"), [1])
    _, reader = read(path)

    assert reader.report.sentence() == (
        "read 9 rows as a Langfuse export (JSON Lines); 5 decisions; left out: 1 rows that are not model "
        "calls; 3 skipped: 2 empty, 1 not a JSON object"
    )
    with pytest.raises(RowError, match=r"log\.jsonl:6: the row is empty"):
        read(path, strict=True)


def test_a_layout_may_be_forced(tmp_path: Path) -> None:
    path = saved(tmp_path, {"messages": CHAT, "prompt": "How are you today, my friend?"})

    assert read(path)[0][0].text == QUESTION
    assert read(path, layout="table")[0][0].text == "How are you today, my friend?"


def test_an_unknown_layout_names_its_fields(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no known prompt field.*'utterance'.*--field prompt="):
        read(saved(tmp_path, {"utterance": QUESTION, "id": 3}))


def test_the_decision_log_in_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with sqlite3.connect(path) as database:
        database.execute("create table decisions (id text, time text, row text not null)")
        database.execute("create table outcomes (decision text, time text, row text not null)")
        database.execute("insert into decisions values ('d1', '', ?)", [json.dumps(rows.decision())])
        database.execute("insert into outcomes values ('d1', '', ?)", [json.dumps({"outcome_of": "d1"})])
    database.close()
    calls, reader = read(path)

    assert [(call.kind, call.usage) for call in calls] == [("question", USAGE), ("other", None)]
    assert "a decision log of this project (SQLite)" in reader.report.sentence()


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = json.dumps(rows.openai_chat()) + "\n"
    writer = threading.Thread(target=pipe.write_text, args=[text * 3])
    writer.start()
    calls, _ = read(pipe)
    writer.join()

    assert len(calls) == 3


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    import tracemalloc

    def peak(count: int, name: str, write: Any) -> int:
        path = tmp_path / name
        write(
            path,
            [rows.openai_chat([{"role": "user", "content": f"{n} " + "why " * 500}]) for n in range(count)],
        )
        tracemalloc.start()
        for _ in LogReader([path]).calls():
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    def lines(path: Path, values: list[Any]) -> None:
        path.write_text("".join(json.dumps(value) + "\n" for value in values))

    def array(path: Path, values: list[Any]) -> None:
        path.write_text(json.dumps(values))

    for write, name in ((lines, "log.jsonl"), (array, "log.json")):
        assert peak(4000, name, write) < 1.5 * peak(1000, name, write) + 2**20
