"""Kinds of prompt, by the shape of the text."""

from __future__ import annotations

import pytest

from routellm_core.embedders.prompt_kind import PromptKind, kind_of
from routellm_core.embedders.shape import shape_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Which is a prime?\nA. 4\nB. 6\nC. 7\nD. 9\nAnswer:", PromptKind.EXAM),
        ("which is a prime?\na) 4\nb) 6\nc) 7", PromptKind.EXAM),
        (
            "Mia has 3 boxes with 12 pencils each. She gives half of them away and buys 5 more. "
            "How many pencils does she have in total?",
            PromptKind.WORD_PROBLEM,
        ),
        ("Prove that every bounded sequence has a convergent subsequence; state each lemma.", "mathematics"),
        ("Evaluate $\\int_0^1 x^2 \\, dx$ and $\\sum_k 2^{-k}$ please", PromptKind.MATHEMATICS),
        ("Why does this fail?\n```\nfor (i = 0; i < n; i++) { a[i] = b[i]; }\n```", PromptKind.CODE),
        ("Write a regex in Python for an ISO date", PromptKind.CODE),
        ('You have tools: search(q), mail(to, text). User: "book it". Which one?', PromptKind.AGENT),
        ("You are an extraction bot. Return the order number.", PromptKind.AGENT),
        ("Wie komme ich mit dem Zug nach Bern und was kostet es?", PromptKind.OTHER_LANGUAGE),
        ("我的包裹什么时候到？", PromptKind.OTHER_LANGUAGE),
        ("Где мой заказ?", PromptKind.OTHER_LANGUAGE),
        ("Where is my parcel 48213? Thanks!", PromptKind.EVERYDAY),
        ("Design a queue that survives restarts.", PromptKind.EVERYDAY),
        ("", PromptKind.EMPTY),
        (" \n ", PromptKind.EMPTY),
    ],
)
def test_kind(text: str, kind: PromptKind) -> None:
    assert kind_of(shape_of(text)) == kind


@pytest.mark.parametrize(
    "decoration", [" Thanks!", " [ticket 48213]", " 😀", " on 2024-03-01", " see https://example.com/a?b=1"]
)
def test_decorations_leave_everyday_prompts_what_they_are(decoration: str) -> None:
    text = "Where can I see the status of my refund?"
    assert kind_of(shape_of(text + decoration)) is PromptKind.EVERYDAY
