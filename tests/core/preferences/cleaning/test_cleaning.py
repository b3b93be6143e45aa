"""Cleaning as a whole, its languages, and what its report counts."""

import json
import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core.preferences.cleaning.cleaning import Cleaning, CleaningSettings, clean
from routellm_core.preferences.cleaning.cleaning_report import CleaningReport
from routellm_core.preferences.cleaning.languages import languages

EXACT = CleaningSettings(near_duplicates=1.0)
LENGTHY = "How do I write a letter to the landlord about the heating in our flat?"
EVALUATION = " ".join(f"word{number}" for number in range(30))


class Letters:
    """Embeds a text as its counts of letters."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        alphabet = "abcdefghijklmnopqrstuvwxyz"
        return np.array([[text.lower().count(letter) for letter in alphabet] for text in prompts], float)


def test_each_row_goes_for_the_first_thing_that_is_wrong_with_it() -> None:
    prompts = [
        LENGTHY,
        "too short, so...",  # 16 characters: long enough
        "too short, so..",
        "               x                ",
        LENGTHY,
        EVALUATION + "".join(f" other{number}" for number in range(90)),  # quotes it in a long text
        " ".join(reversed(LENGTHY.split())),
    ]
    cleaning = clean(
        prompts,
        None,
        EXACT,
        evaluation=[EVALUATION, "Aha: " + " ".join(sorted(LENGTHY.split()))],
        embedder=Letters(),
    )

    short, overlap = "shorter than 16 characters", "overlaps with an evaluation prompt (13 words in a row)"
    similar = "similar to an evaluation prompt (cosine of 0.95 or more)"
    assert cleaning.reasons == (similar, "", short, short, "exact duplicate", overlap, similar)
    assert cleaning.kept.tolist() == [1]
    assert cleaning.counts == {short: 2, similar: 2, "exact duplicate": 1, overlap: 1}
    assert cleaning.languages == ("",) * 7


def test_only_equal_comparisons_are_duplicates() -> None:
    cleaning = clean([LENGTHY] * 4, ["x y", "x z", "x y", "y z"], EXACT)

    assert cleaning.reasons == ("", "", "exact duplicate", "")


def test_each_step_can_be_turned_off() -> None:
    prompts = ["a", LENGTHY, LENGTHY.upper(), EVALUATION]
    off = CleaningSettings(minimum_length=0, near_duplicates=1.0, overlap=False)

    assert clean(prompts, None, off, evaluation=[EVALUATION]).kept.tolist() == [0, 1, 2, 3]
    assert clean([], None, off).kept.tolist() == []


def test_near_duplicates_go_by_default() -> None:
    pytest.importorskip("datasketch", reason="near-duplicates need the extra clean")

    assert clean([LENGTHY, LENGTHY.upper()]).reasons == ("", "near-duplicate")


def test_a_row_that_is_gone_hides_no_other() -> None:
    # The short row is no "earlier row" for the duplicates: the steps see only what is left.
    settings = CleaningSettings(minimum_length=16, near_duplicates=1.0)
    said: list[str] = []

    assert clean(["abc", "abc"], None, settings, say=said.append).counts == {"shorter than 16 characters": 2}
    assert said == [
        "searching for rows to drop: shorter than 16 characters",
        "searching for rows to drop: exact duplicate",
    ]


GERMAN = "Wie schreibe ich einen Brief an meinen Vermieter wegen der Heizung?"
RUSSIAN = "Как написать письмо арендодателю об отоплении в квартире?"


def test_languages_are_tagged_and_kept_by_choice() -> None:
    pytest.importorskip("lingua", reason="languages need the extra clean")
    prompts = [LENGTHY, GERMAN, RUSSIAN, LENGTHY, "1234567890 + 987654321"]

    assert languages(prompts) == ["en", "de", "ru", "en", ""]
    keys = [1, 1, 1, 2, 1]
    tagged = clean(prompts, keys, CleaningSettings(near_duplicates=1.0, tag_languages=True))
    assert tagged.languages == ("en", "de", "ru", "en", "")
    assert tagged.counts == {}
    chosen = clean(prompts, keys, CleaningSettings(near_duplicates=1.0, languages=("en", "de")))
    assert chosen.reasons == ("", "", "other language", "", "other language")


def test_without_lingua_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lingua", None)
    with pytest.raises(ImportError, match=r"pip install 'routellm-plugins\[clean\]'"):
        clean([LENGTHY], None, CleaningSettings(near_duplicates=1.0, tag_languages=True))


PAIRS = [("a", "b"), ("b", "a"), ("a", "c"), ("c", "d"), ("a", "b")]


def test_the_report_counts_every_row_once() -> None:
    cleaning = Cleaning(("", "short", "", "short", "double"), ("en", "", "", "", ""))
    pairs = [[pair] for pair in PAIRS]
    report = CleaningReport.from_cleaning(cleaning, list("vwxyv"), pairs, {"winner: missing": 3})

    assert report.read == 8 == report.kept + sum(report.dropped.values()) + sum(report.rejected.values())
    assert (report.prompts_before, report.prompts_after) == (4, 2)
    assert (report.before.labels, report.after.labels) == (5, 2)
    assert report.languages == {"en": 1, "unknown": 1}
    assert json.loads(json.dumps(report.to_dict()))["dropped"] == {"short": 2, "double": 1}
    table = report.table().splitlines()
    assert [" ".join(line.split()) for line in table[:7]] == [
        "rows read 8",
        "rejected, winner: missing 3",
        "dropped, short 2",
        "dropped, double 1",
        "kept 2",
        "language en 1",
        "language unknown 1",
    ]
    assert "comparisons 5 2" in [" ".join(line.split()) for line in table]
    assert len({len(line) for line in table[:7]}) == 1
