"""Fit the directions of everyday prompts to readers' ratings: one for English, one for other languages.

Three things keep length from deciding: in the prompts that the project wrote, length barely predicts the
rating; what it still predicts is subtracted; and features that grow with length have small weights. Of
prompts that people send, the longer ones are the harder, and their ratings stay as they are. For other
languages, of which there are fewer ratings, the sentences of the training prompts are rated by a teacher that
has the whole encoder to read with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.decorations import undecorated
from routellm_core.embedders.direction import DirectionWeights
from routellm_core.embedders.scripts import is_unspaced
from routellm_core.embedders.shape import FEATURES, shape_of
from routellm_core.embedders.shape_features import ShapeFeatures, measured
from routellm_core.embedders.text import clipped
from routellm_core.embedders.word_lists import listed
from routellm_core.logits import Floats
from routellm_core.training.default.blocks import Columns, Embedded, Shapes, Table, rows_of, shape_scales
from routellm_core.training.default.encoder import TextEncoder
from routellm_core.training.default.ratings import RatedPrompt
from routellm_core.training.default.ridge import Rows, fit_ridge

Mask = npt.NDArray[np.bool_]

DECORATIVE = listed(
    "numbers number_share digits digit_share mean_number_length distinct_numbers addresses symbols",
    "polite_words capitalised_share all_capitals_share starts_in_lower_case_flag",
)
"""Features that must not decide: numbers, addresses, greetings, case."""

LENGTHY = listed(
    "characters words lines paragraphs sentences clauses mean_line_words conjunctions quotes brackets latex",
    "operators code_symbols bullets distinct_word_share apostrophes negations options mean_option_length",
    "option_digit_share question_marks fences",
)
"""Features that grow with a text's length."""

SOURCES = ("written", "everyday", "arena")

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*|\n+")


@dataclass(frozen=True)
class EverydaySettings:
    """How to fit; all chosen on training prompts, by leaving out whole writers.

    Attributes:
        penalty: of the ridge regression.
        written: how much a prompt that the project wrote counts; others count 1.
        english_pieces: how freely a piece may have its own weight, in English.
        foreign_pieces: the same in other languages; half of it in scripts without spaces.
        english_length: scale of all features beside those that do not grow with length.
        foreign_sentences: how much a sentence in another language counts that the teacher rated.
        english_sentences: how much such an English one counts, for the direction of other languages.
        teacher_penalty: of the teacher's ridge regression.
        sentences: at most so many of either kind.
        seed: for their choice.
    """

    penalty: float = 15.0
    written: float = 2.5
    english_pieces: float = 4.0
    foreign_pieces: float = 0.4
    english_length: float = 0.5
    foreign_sentences: float = 15.0
    english_sentences: float = 3.0
    teacher_penalty: float = 5.0
    sentences: tuple[int, int] = (6000, 3000)
    seed: int = 0


class Everyday:
    """The regression's blocks, made once; fits may leave prompts out."""

    def __init__(
        self,
        table: Table,
        foreign_table: Table,
        encoder: TextEncoder,
        rated: Sequence[RatedPrompt],
        settings: EverydaySettings,
    ) -> None:
        """Measure the prompts.

        Args:
            table: vocabulary and vectors, for English.
            foreign_table: the same for other languages.
            encoder: the teacher's.
            rated: n rated prompts of `SOURCES`.
            settings: see there.
        """
        self.rated, self.settings, self._pieces = list(rated), settings, table.pieces.listed()
        texts = [each.prompt for each in rated]
        self._target = without_length(rated)
        self._weight = np.array([settings.written if each.source == "written" else 1.0 for each in rated])
        owners, sentences = _sentences(rated, settings)
        self._owner = np.array(owners)
        foreign = np.array([rated[owner].language != "en" for owner in owners])
        self._sentence_weight = np.where(foreign, settings.foreign_sentences, settings.english_sentences)
        read = table.reader(reads_numbers=False)
        shapes, others = ([undecorated(shape_of(text)) for text in part] for part in (texts, sentences))
        units, more = ([read(shape.words) for shape in part] for part in (shapes, others))
        raw = measured(shapes)
        plain = [name for name in FEATURES if name not in DECORATIVE]
        features = ShapeFeatures.from_raw(raw)
        level = shape_scales(raw, features, [name for name in plain if name not in LENGTHY], 1.0)
        every = shape_scales(raw, features, plain, settings.english_length)
        self._english = _Model(
            table, units, lambda piece: settings.english_pieces, raw, features, np.hypot(level, every)
        )
        all_raw = np.concatenate([raw, measured(others)])
        features = ShapeFeatures.from_raw(all_raw)
        every = shape_scales(all_raw, features, plain, 1.0)
        self._foreign = _Model(foreign_table, units + more, self._foreign_scale, all_raw, features, every)
        whole = encoder.encode(texts)
        centre = whole.mean(axis=0)
        scale = 1.0 / np.sqrt(float(((whole - centre) ** 2).sum(axis=1).mean()))
        self._whole, self._sentence_whole = (
            scale * (whole - centre),
            scale * (encoder.encode(sentences) - centre),
        )

    def english(self, keep: Mask) -> Fitted:
        """Fit the English direction on the prompts at which `keep`, shape (n,), is true."""
        return self._english.fit(self._target, self._weight * keep, self.settings.penalty)

    def foreign(self, keep: Mask) -> Fitted:
        """Fit the direction of other languages, on the same prompts and the sentences of these."""
        teacher, mean = self._teacher(keep)
        rated = self._sentence_whole @ teacher + mean
        target = np.concatenate([self._target, rated])
        weight = np.concatenate([self._weight * keep, self._sentence_weight * keep[self._owner]])
        return self._foreign.fit(target, weight, self.settings.penalty)

    def _teacher(self, keep: Mask) -> tuple[Floats, float]:
        weight = self._weight * keep
        mean = float(weight @ self._target / weight.sum())
        gram = self._whole.T @ (weight[:, None] * self._whole)
        gram += self.settings.teacher_penalty * np.eye(len(gram))
        found: Floats = np.linalg.solve(gram, self._whole.T @ (weight * (self._target - mean)))
        return found, mean

    def _foreign_scale(self, piece: int) -> float:
        scale = self.settings.foreign_pieces
        return 0.5 * scale if is_unspaced(self._pieces[piece]) else scale


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted direction, and its predictions of all rows that were given, shape (n,)."""

    weights: DirectionWeights
    predictions: Floats


class _Model:
    def __init__(
        self,
        table: Table,
        units: list[list[list[int]]],
        scale_of: Callable[[int], float],
        raw: Floats,
        features: ShapeFeatures,
        scales: Floats,
    ) -> None:
        self._table = table
        self._embedded = Embedded.of(table, units)
        self._columns = Columns.of(units, scale_of, root=False)
        self._shapes = Shapes.of(raw, features, scales)
        self._rows: Rows = rows_of([self._embedded.values, self._shapes.values], self._columns)

    def fit(self, target: Floats, weight: Floats, penalty: float) -> Fitted:
        mean = float(weight @ target / weight.sum())
        keep = weight > 0
        b = fit_ridge(self._rows.where(keep), target[keep] - mean, weight[keep], penalty)
        width = self._embedded.values.shape[1]
        meaning, shape, pieces = np.split(b, [width, width + self._shapes.values.shape[1]])
        size = len(self._table.pieces)
        weights = DirectionWeights(
            constant=mean + self._embedded.constant(meaning),
            root=self._embedded.root(self._table, meaning).astype(np.float16),
            plain=self._columns.weights(size, pieces).astype(np.float16),
            options=None,
            shape=self._shapes.features,
            shape_weights=self._shapes.weights(shape),
            reads_numbers=False,
        )
        return Fitted(weights, self._rows.times(b) + mean)


def length_of(text: str) -> float:
    """Return about how many words a text has, in scripts without spaces too."""
    return sum(
        1.0 if word.isascii() else max(1.0, sum(map(is_unspaced, word)) / 1.5) for word in text.split()
    )


def without_length(rated: Sequence[RatedPrompt], bins: int = 8) -> Floats:
    """Return the ratings, less what length predicts for the project's own prompts, shape (n,).

    English and other prompts separately: each eighth by length is shifted to the mean rating of all.
    """
    found = np.array([each.need for each in rated])
    lengths = np.array([length_of(clipped(each.prompt)) for each in rated])
    written = np.array([each.source == "written" for each in rated])
    english = np.array([each.language == "en" for each in rated])
    for members in (written & english, written & ~english):
        if not members.any():
            continue
        mean = found[members].mean()
        edges = np.quantile(lengths[members], np.linspace(0.0, 1.0, bins + 1)[1:-1])
        place = np.searchsorted(edges, lengths, side="right")
        for here in (members & (place == bin_) for bin_ in range(bins)):
            if here.any():
                found[here] -= found[here].mean() - mean
    return found


def _sentences(rated: Sequence[RatedPrompt], settings: EverydaySettings) -> tuple[list[int], list[str]]:
    found: dict[bool, list[tuple[int, str]]] = {True: [], False: []}
    for owner, each in enumerate(rated):
        parts = [part.strip() for part in _SENTENCE_END.split(clipped(each.prompt)) if part and part.strip()]
        if len(parts) > 1:
            found[each.language != "en"] += [(owner, part) for part in parts if 12 <= len(part) <= 300]
    rng = np.random.default_rng(settings.seed)
    chosen: list[tuple[int, str]] = []
    for foreign, most in zip((True, False), settings.sentences, strict=True):
        order = rng.permutation(len(found[foreign]))[:most]
        chosen += [found[foreign][place] for place in sorted(order)]
    return [owner for owner, _ in chosen], [text for _, text in chosen]
