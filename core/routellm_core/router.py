"""Router: the interface of every learned, random or user-written scorer.

A router knows nothing about thresholds or models to call; for each prompt it estimates how likely the strong
model's answer is to be preferred. Turning that number into a route is the job of `routing/policy.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint, checkpoint_digest, write_checkpoint
from routellm_core.checkpoints.coverage import Coverage
from routellm_core.checkpoints.explanation import Explanation
from routellm_core.checkpoints.percentile import percentile_of
from routellm_core.logits import Floats

if TYPE_CHECKING:
    from typing import Self

    from routellm_core.routing.reading_stats import ReadingStats

Scores = Floats

LONGEST_NAME = 100
"""Most characters of a router's name, which appears in tables and records."""

QUANTILES = 1001
"""Number of score quantiles that a router ships: the edges of a thousand equal shares."""

COARSE_QUANTILES = 101
"""Number of quantiles when a percentage point is close enough."""


def quantile_grid(count: int = QUANTILES) -> Floats:
    """Return evenly spaced positions from 0 to 1, as used for every list of quantiles."""
    return np.linspace(0.0, 1.0, count)


def quantiles_of(values: Floats, count: int = QUANTILES) -> Floats:
    """Return evenly spaced quantiles of the values, shape (count,), ascending."""
    return np.asarray(np.quantile(values, quantile_grid(count)))


PROBES = ("What is 2+2?", "Löse x² = 2, 漢字 😀 [1] 5%:\nA. 1\nB. 2\nAnswer:")
"""Prompts scored when a router is loaded, as a check."""


class RouterError(Exception):
    """A router failed: it raised, or did not return one finite number in [0, 1] per prompt."""


class Router(ABC):
    """Estimates P(strong model's answer is preferred | prompt), the paper's win prediction (section 3.1).

    A subclass needs `score` only. `to_checkpoint` and `from_checkpoint` make it savable; a router that waits
    on a network may override `ascore`.
    """

    scores_inline: bool = False
    """True where scoring one ordinary prompt takes microseconds and no I/O, so that an event loop may call
    `score` directly. Otherwise the adapters call it in a thread."""

    score_quantiles: Scores | None = None
    """Evenly spaced quantiles (from 0 to 1, ascending) of the scores on a broad mix of prompts, for
    `strong_share=`; None if the router ships none."""

    coverage: Coverage | None = None
    """What the router was trained on; None if unknown."""

    _registered_name: str | None = None
    _fingerprint: str | None = None
    _reload: tuple[Callable[[str], Router], tuple[str]] | None = None
    """How to load this router again, if it was loaded by a name that fully describes it."""

    @property
    def name(self) -> str:
        """The router's name in tables, records and traces.

        The name it was loaded or saved under, else its class name.
        """
        return self._registered_name or type(self).__name__

    @property
    def fingerprint(self) -> str | None:
        """The SHA-256 of everything that determines this router's scores, in hexadecimal; None if unsavable.

        It is the same before saving and after loading.
        """
        if self._fingerprint is None:
            try:
                self._fingerprint = checkpoint_digest(self.to_checkpoint())
            except TypeError:
                return None
        return self._fingerprint

    @abstractmethod
    def score(self, prompts: Sequence[str]) -> Scores:
        """Score prompts.

        Args:
            prompts: n strings, of any length and script; n may be 0.

        Returns:
            Shape (n,), float64, each in [0, 1], in the order of the prompts.

        Raises:
            TypeError: `prompts` is one string, or holds something that is not a string.
        """

    def score_one(self, prompt: str) -> float:
        """Score one prompt; a router that needs no array for it may override this beside `score`.

        Raises:
            RouterError: `score` did not return one number in [0, 1].
        """
        return check_scores(self.score([prompt]), 1)[0]

    def explain(self, prompt: str) -> Explanation:
        """Return what moved one prompt's score; a router whose score is a sum overrides this.

        Raises:
            RouterError: `score` did not return one number in [0, 1].
        """
        score = self.score_one(prompt)
        return Explanation(self.name, score, percentile_of(score, self.score_quantiles))

    def knows(self, prompt: str) -> bool | None:
        """Return whether the router was made for prompts of this kind; None if it does not say.

        Asked at every scored call: it takes microseconds, or returns None.
        """
        return None

    def check_thresholds(self, thresholds: Sequence[float]) -> None:
        """Warn where the router was made for other thresholds than a pair is made with; most are for any."""
        return None

    def reading_stats(self) -> ReadingStats | None:
        """Return what a model that this router asks was asked so far; None if it asks none."""
        return None

    def reading_cost(self, prompt: str) -> float:
        """Return what was paid for scoring a prompt since this was last asked; 0 if nothing or unknown."""
        return 0.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A subclass with a `score` of its own must not keep the `score_one` of its parent's.
        if "score" in vars(cls) and "score_one" not in vars(cls):
            cls.score_one = Router.score_one  # type: ignore[method-assign]  # the same signature

    def training_similarity(self, prompts: Sequence[str]) -> Scores | None:
        """Return how near each prompt is to the training prompts, in [-1, 1], shape (n,).

        None if unknown; compare with `coverage.similarities` to see what counts as near.
        """
        return None

    async def ascore(self, prompts: Sequence[str]) -> Scores:
        """Score prompts without blocking the event loop; the same result as `score`."""
        # Many processes never await a score, and importing asyncio takes 20 ms.
        from asyncio import to_thread

        return await to_thread(self.score, prompts)

    def probe(self) -> None:
        """Score a few texts, so that a broken router is rejected on loading rather than in use.

        A router that calls a network, or loads another model at its first prompt, overrides this with checks
        that need neither.

        Raises:
            RouterError: the scores are not one number in [0, 1] per text.
        """
        check_scores(self.score(PROBES), len(PROBES))

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router as a checkpoint (configuration, tensors, files).

        Raises:
            TypeError: this class cannot be saved.
        """
        raise TypeError(
            f"{type(self).__name__} cannot be saved: it defines no to_checkpoint(). "
            "Define to_checkpoint() and from_checkpoint() to make it savable."
        )

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Self:
        """Rebuild the router from what `to_checkpoint` returned.

        Raises:
            TypeError: this class cannot be loaded.
            CheckpointError: the checkpoint does not hold what this class needs.
        """
        raise TypeError(
            f"{cls.__name__} cannot be loaded from {checkpoint.origin}: it defines no from_checkpoint()."
        )

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """Pickle a router that was loaded by name as that name: a few bytes instead of its weights."""
        return self._reload if self._reload is not None else super().__reduce_ex__(protocol)

    def save(self, folder: str | PathLike[str], *, name: str | None = None) -> None:
        """Write this router to `folder`, for `load_router(folder)`, which then gives equal scores.

        Args:
            folder: made if missing.
            name: the saved router's name, see `name`; None for the folder's name.

        Raises:
            ValueError: the name is empty or longer than 100 characters, or has a line break.
            TypeError: this class cannot be saved.
        """
        called = name_of(folder) if name is None else check_name(name)
        write_checkpoint(folder, replace(self.to_checkpoint(), name=called))


def check_name(name: str) -> str:
    """Return a router's name.

    Raises:
        ValueError: it is empty or longer than `LONGEST_NAME`, or has a line break.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(
            f"name is {name[:LONGEST_NAME]!r}, expected one line of 1 to {LONGEST_NAME} characters."
        )
    return name


def name_of(folder: str | PathLike[str]) -> str | None:
    """Return the default name of a router saved in a folder; None if the folder's name is invalid."""
    name = Path(folder).resolve().name[:LONGEST_NAME]
    return name if name.strip() and name.isprintable() else None


class UnchangingRouter(Router):
    """A router that never changes once made: a copy is the same object, so its weights exist once."""

    def __copy__(self) -> Self:
        """Return this object."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return this object."""
        return self


def check_prompts(prompts: Sequence[str]) -> list[str]:
    """Return the prompts as a list, after checking that each is a string.

    Raises:
        TypeError: names the position and the type of the first prompt that is not a string.
    """
    if isinstance(prompts, str | bytes):
        raise TypeError(
            f"score() takes a list of prompts, got one {type(prompts).__name__}; write score([prompt])."
        )
    try:
        checked = list(prompts)
    except TypeError:
        raise TypeError(f"score() takes a list of prompts, got {type(prompts).__name__}.") from None
    for position, prompt in enumerate(checked):
        if not isinstance(prompt, str):
            raise TypeError(f"prompt {position} is {type(prompt).__name__}, expected str.")
    return checked


def check_scores(scores: object, count: int) -> list[float]:
    """Return the result of `score` for `count` prompts as an array.

    Raises:
        RouterError: not one finite number in [0, 1] per prompt.
    """
    try:
        array = np.asarray(scores)
    except ValueError as error:
        raise RouterError("score() returned lists of several lengths, expected numbers.") from error
    if array.dtype.kind in "cSU":
        # numpy would drop the imaginary part, and parse strings as numbers.
        raise RouterError(f"score() returned {array.dtype.name} values, expected numbers in [0, 1].")
    try:
        array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise RouterError("score() returned values that are no numbers in [0, 1].") from error
    if array.shape != (count,):
        raise RouterError(f"score() returned shape {array.shape} for {count} prompts, expected ({count},).")
    bad = array[~((array >= 0.0) & (array <= 1.0))]
    if bad.size:
        raise RouterError(f"score() returned {bad[0]!r}, expected numbers in [0, 1].")
    values: list[float] = array.tolist()
    return values
