"""Adaptation: the router that ships, made a user's own by some ten to some ten thousand labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from os import PathLike

import numpy as np

from routellm_core.checkpoints.coverage import Coverage, prompt_hashes
from routellm_core.embedders.default_router import embedder_of_meaning
from routellm_core.embedders.kept_labels import KeptLabels
from routellm_core.embedders.prompt_kind import PromptKind
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.loading import load_router
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.router import Router, check_name, name_of, quantiles_of
from routellm_core.routers.adapted import AdaptedRouter, Prior
from routellm_core.training.adaptation.fitting import Fitting, folded_qualities
from routellm_core.training.adaptation.own_labels import OwnLabels, own_labels
from routellm_core.training.adaptation.prompt_vectors import PromptVectors
from routellm_core.training.adaptation.report import AdaptationReport, adaptation_report
from routellm_core.training.adaptation.two_qualities import Penalties
from routellm_core.training.training_report import TrainingReport

KIND = "adapted"

SUPPORTED = frozenset({PromptKind.EXAM, PromptKind.WORD_PROBLEM})
"""Kinds of prompt that the router that ships orders by outcomes; what it says of others is no prior."""

RARE = 0.02
"""Share of the labelled prompts below which a kind of prompt is one that the router does not know."""


@dataclass(frozen=True, eq=False)
class Adaptation:
    """An adapted router and what is known of it.

    Attributes:
        router: scores, saves and loads like every other.
        report: what the labels say of it, measured on labels that each fit has not seen.
        labels: what it was made of.
        penalties: how strongly the fit was held back.
    """

    router: AdaptedRouter
    report: AdaptationReport
    labels: OwnLabels
    penalties: Penalties

    def save(self, folder: str | PathLike[str], *, name: str | None = None) -> None:
        """Write the router, `metrics.json` and a model card; see `Router.save`."""
        self.router.save(folder, name=name)
        TrainingReport(
            KIND,
            (self.router.strong,),
            (self.router.weak,),
            "",
            self.labels.to_dict(),
            asdict(self.penalties) | {"from": self.router.base.name, "name": name or name_of(folder)},
            self.report.to_dict(),
        ).write(folder)


def adapt(
    labels: Iterable[Label | Battle],
    *,
    strong: str,
    weak: str,
    base: str | PathLike[str] | Router = "default",
    name: str | None = None,
    keep_prompts: bool = False,
    penalties: Penalties | None = None,
) -> Adaptation:
    """Make a router of some ten to some ten thousand labels; a thousand take well under a second.

    Args:
        labels: scores of both models, scores of the weak model alone, battles, or a mix of them.
        strong: the strong model's name in them.
        weak: the weak model's name.
        base: the router that is the prior, which counts the less the more labels there are.
        name: what the router is called until it is saved under another name.
        keep_prompts: keep the labelled prompts with the router, for `AdaptedRouter.explain`.
        penalties: how strongly the fit is held back.

    Raises:
        DataError: too few labels, unknown or swapped models, or nothing to order by.
        ValueError: the base can't be loaded, or the name is none.
    """
    own = own_labels(labels, strong=strong, weak=weak)
    prior = base if isinstance(base, Router) else load_router(base)
    static = shipped_tokens()
    vectors = PromptVectors.of(own.prompts, static, prior)
    fitting = Fitting(vectors, own, supported_kinds(prior), penalties or Penalties())
    fit = fitting.fit()
    router = AdaptedRouter(
        prior,
        static,
        folded_qualities(fit, fitting.scaling, static),
        Prior(
            {str(kind): centre for kind, centre in fitting.scaling.prior_centres.items()},
            fitting.scaling.prior_spread,
            fit.prior,
        ),
        strong=strong,
        weak=weak,
        # By fits that have not seen the label: a router's scores lie further apart on what it was made of.
        score_quantiles=quantiles_of(0.5 + 0.5 * fitting.left_out(fit)),
        coverage=Coverage(np.unique(prompt_hashes(own.prompts)), np.zeros((0, 0), np.float32), np.zeros(0)),
        labels=KeptLabels(_kept(own)) if keep_prompts else None,
        kinds=common_kinds(vectors.kinds),
    )
    if name is not None:
        router._registered_name = check_name(name)
    return Adaptation(router, adaptation_report(fitting, fit, prior.name), own, fitting.penalties)


def shipped_tokens() -> StaticEmbedder:
    """Return the token table that ships with the package.

    Raises:
        TypeError: the router that ships has none.
    """
    embedder = getattr(load_router("default"), "embedder", None)
    static = None if embedder is None else embedder_of_meaning(embedder)
    if not isinstance(static, StaticEmbedder):
        raise TypeError(f"the default router embeds with {type(embedder).__name__}, expected a token table.")
    return static


def supported_kinds(base: Router) -> frozenset[PromptKind]:
    """Return the kinds of prompt for which a router is a prior: of one's own router, all."""
    return SUPPORTED if base.name == "default" else frozenset(PromptKind)


def common_kinds(kinds: Sequence[PromptKind]) -> frozenset[PromptKind]:
    """Return the kinds that at least `RARE` of the prompts have."""
    return frozenset(kind for kind, count in Counter(kinds).items() if count >= RARE * len(kinds))


def _kept(labels: OwnLabels) -> list[tuple[str, float | None, float | None]]:
    rows = zip(labels.prompts, labels.strong.tolist(), labels.weak.tolist(), strict=True)
    return [(prompt, _known(strong), _known(weak)) for prompt, strong, weak in rows]


def _known(quality: float) -> float | None:
    return None if isnan(quality) else quality
