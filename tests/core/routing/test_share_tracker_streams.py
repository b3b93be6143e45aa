"""The default router on six very different streams: the share is the asked one, shuffled and sorted alike.

Chat and word problems are real prompts. There are not 1,000 real ones of the other kinds at hand; they are
put together from parts, each text once.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.routing.share_tracker import ShareTracker

COUNT = 1_000
TOLERANCE = 0.03

Stream = Callable[[Path], list[str]]


def support(data: Path) -> list[str]:
    wishes = (
        "Where is my order {}? It was to come on the 12th.",
        "Please cancel order #{}.",
        "My parcel {} arrived broken. What now?",
        "I was charged twice for {}, https://shop.example/orders/{}.",
        "Can I still change the address of {}? Call me at 0170 {}.",
    )
    return [wishes[number % 5].format(48_213 + 37 * number, 9_000 + number) for number in range(COUNT)]


def word_problems(data: Path) -> list[str]:
    with (data / "routellm_evals/gsm8k/gsm8k_responses.csv").open(encoding="utf-8", newline="") as stream:
        return [row["prompt"] for row in islice(csv.DictReader(stream), COUNT)]


def chat(data: Path) -> list[str]:
    with gzip.open(data / "train/arena_need.jsonl.gz", "rt", encoding="utf-8") as stream:
        prompts = dict.fromkeys(json.loads(line)["prompt"] for line in stream)
    return list(prompts)[:COUNT]


def code(data: Path) -> list[str]:
    tasks = ("sorts", "reverses", "merges", "counts", "checks", "prints", "parses", "compresses", "hashes")
    things = ("a list", "two strings", "a binary tree", "a CSV file", "a graph", "a linked list", "a matrix")
    languages = ("Python", "Rust", "SQL", "Java", "Go", "C++")
    limits = ("", " in linear time", " without recursion:\n```\ndef f(x): ...\n```")
    parts = list(product(tasks, things, languages, limits))
    order = np.random.default_rng(1).permutation(len(parts))[:COUNT]
    chosen = [parts[row] for row in order]
    return [
        f"Write a function in {language} that {task} {thing}{limit}."
        for task, thing, language, limit in chosen
    ]


def chinese(data: Path) -> list[str]:
    asked = ("请解释一下{}{}", "{}是什么?{}", "帮我写一篇关于{}的文章{}", "证明关于{}的一个定理{}")
    topics = (
        "天气",
        "微积分",
        "人工智能",
        "做饭",
        "历史",
        "经济",
        "量子力学",
        "旅游",
        "编程",
        "诗歌",
        "法律",
        "足球",
    )
    ends = ("", ",谢谢", ",尽量简短", ",并举三个例子", ",用英语回答", "(500字)", ",一步一步来", "!")
    more = ("", ",越详细越好", ",给孩子看")
    parts = list(product(asked, topics, ends, more))
    return [ask.format(topic, end + extra) for ask, topic, end, extra in parts][:COUNT]


def changing(data: Path) -> list[str]:
    half = COUNT // 2
    return support(data)[:half] + word_problems(data)[:half]


STREAMS: tuple[Stream, ...] = (support, word_problems, chat, code, chinese, changing)


@pytest.mark.parametrize("order", ["shuffled", "ascending", "descending"])
@pytest.mark.parametrize("asked", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.__name__)
def test_after_1_000_calls_the_share_is_the_asked_one(
    stream: Stream, asked: float, order: str, data_folder: Path
) -> None:
    router = load_router("default")
    assert router.score_quantiles is not None
    prompts = list(dict.fromkeys(stream(data_folder)))
    assert len(prompts) >= 900
    scores = router.score(prompts)
    ranks = np.argsort(scores, kind="stable")
    if order == "shuffled":
        # Only within its halves is the changing stream what it says.
        halves = np.array_split(np.arange(len(prompts)), 2 if stream is changing else 1)
        ranks = np.concatenate([np.random.default_rng(3).permutation(half) for half in halves])
    elif order == "descending":
        ranks = ranks[::-1]

    tracker = ShareTracker(asked, router.score_quantiles.tolist())
    strong = [tracker.place(prompts[row], float(scores[row])).strong for row in ranks]

    assert abs(np.mean(strong) - asked) <= TOLERANCE
