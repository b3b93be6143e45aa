"""Exact and near-duplicates: what repeats what, by prompt and by what is compared."""

import sys

import pytest

from routellm_core.preferences.cleaning.duplicates import exact_duplicates, near_duplicates

LONG = "Write a short story about a lighthouse keeper who finds a message in a bottle and answers it."


def test_the_first_of_equal_rows_stays() -> None:
    prompts = ["a", "b", "a", "a", "A"]

    assert exact_duplicates(prompts, [0, 0, 0, 1, 0]).tolist() == [False, False, True, False, False]
    assert exact_duplicates([], []).tolist() == []


@pytest.mark.parametrize(
    ("other", "near"),
    [
        (LONG, True),
        (LONG.upper().replace(" ", "  \n"), True),
        (LONG.replace("finds", "found"), True),
        (LONG + " Please.", True),
        ("Write a short story about a dog who eats a shoe and then is sorry about it for a while.", False),
        (
            LONG * 3
            + "Then translate all of it into German, French, Italian and Norwegian, in this order." * 3,
            False,
        ),
    ],
)
def test_near_is_a_share_of_common_pieces(other: str, near: bool) -> None:
    pytest.importorskip("datasketch", reason="near-duplicates need the extra clean")

    assert near_duplicates([LONG, other], [0, 0]).tolist() == [False, near]
    assert near_duplicates([other, LONG], [0, 0]).tolist() == [False, near]
    assert near_duplicates([LONG, other], [0, 1]).tolist() == [False, False]


def test_signs_tell_short_sums_apart_and_scripts_without_spaces_are_compared() -> None:
    pytest.importorskip("datasketch", reason="near-duplicates need the extra clean")
    prompts = ["What is 2+2?", "What is 2-2?", "!!!", "???", "", "🙂", "🙃"]
    chinese = "请写一篇关于人工智能在教育领域应用前景的短文，字数不少于五百字，并举两个例子。谢谢！"

    assert not near_duplicates(prompts, [0] * 7).any()
    assert near_duplicates([chinese, chinese[:-1]], [0, 0]).tolist() == [False, True]


def test_the_candidates_of_the_index_are_checked_exactly() -> None:
    pytest.importorskip("datasketch", reason="near-duplicates need the extra clean")
    # 0.5 in common: a sketch alone would take some of these for near at 0.8 and above
    texts = [
        f"{LONG[:40]} {word * 6}" for word in ("alpha ", "bravo ", "gamma ", "delta ", "omega ", "sigma ")
    ]

    assert not near_duplicates(texts, [0] * 6, 0.8).any()
    assert near_duplicates(texts, [0] * 6, 0.3).tolist() == [False] + [True] * 5


@pytest.mark.parametrize("similarity", [0.0, -0.1, 1.1, float("nan")])
def test_a_similarity_outside_its_range_is_refused(similarity: float) -> None:
    with pytest.raises(ValueError, match=r"similarity is .*, expected a number above 0 and at most 1"):
        near_duplicates(["a"], [0], similarity)


def test_without_datasketch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    with pytest.raises(ImportError, match=r"pip install 'routellm-plugins\[clean\]'"):
        near_duplicates(["a", "b"], [0, 0])
