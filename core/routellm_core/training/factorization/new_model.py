"""New model: its vector from a few results, with everything else of a trained router left as it is.

A few dozen results mostly show how strong the model is. So its vector is kept near the line along which the
known models' vectors lie, where position is strength, and leaves it as far as the results require.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats, cross_entropy
from routellm_core.preferences.reading.labels import Label
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.lbfgs import minimise

DEVIATION_PENALTY = 100.0
"""λ of (λ/2)·(distance from the line)², in units of one prompt: as in `MatrixFactorizationSettings`."""

LINE_PENALTY = 1.0
"""λ of (λ/2)·(place on the line)², in units of the known models' spread: bounds a model that always wins."""


def with_new_model(
    router: MatrixFactorizationRouter, model: str, labels: Sequence[Label]
) -> MatrixFactorizationRouter:
    """Return a router with one more model; the pair, the projection and all other vectors stay the same.

    Args:
        router: a trained router.
        model: the new model's name, as in the labels.
        labels: prompts with the new model's score and that of at least one model that the router knows; each
            prompt weighs the same, however many known models answered it.

    Raises:
        ValueError: the router knows the model already, or no label compares it with a known one.
    """
    if model in router.models:
        raise ValueError(f"this router already knows model {model!r}: there is nothing to add.")
    known = {name: row for row, name in enumerate(router.models)}
    prompts: list[int] = []
    rivals: list[int] = []
    targets: list[float] = []
    weights: list[float] = []
    for position, label in enumerate(labels):
        names = [name for name in label.scores if name in known]
        if model not in label.scores or not names:
            continue
        for name in names:
            prompts.append(position)
            rivals.append(known[name])
            targets.append(0.5 + 0.5 * float(np.sign(label.scores[model] - label.scores[name])))
            weights.append(1.0 / len(names))
    if not prompts:
        raise ValueError(
            f"no label compares {model!r} with a model that this router knows: known are "
            f"{list(router.models)}."
        )
    embedded = np.asarray(router.embedder.embed([label.prompt for label in labels]), dtype=np.float64)
    hidden = embedded @ router.projection.T + router.bias  # (n, d)
    vector = _vector(
        router.model_vectors,
        hidden[prompts],
        np.array(rivals),
        np.array(targets),
        np.array(weights),
    )
    return MatrixFactorizationRouter(
        router.embedder,
        models=(*router.models, model),
        model_vectors=np.vstack([router.model_vectors, vector]),
        projection=router.projection,
        bias=router.bias,
        strong=router.strong,
        weak=router.weak,
        score_quantiles=router.score_quantiles,
        coverage=router.coverage,
    )


def _vector(
    known: Floats, hidden: Floats, rivals: npt.NDArray[np.int64], target: Floats, weight: Floats
) -> Floats:
    """Return the new model's vector before normalization, shape (d,), from c comparisons.

    Args:
        known: shape (M, d).
        hidden: shape (c, d), W e + b of each comparison's prompt.
        rivals: shape (c,), rows of `known`.
        target: shape (c,), 1 if the new model is better, 0.5 for a tie.
        weight: shape (c,).
    """
    centre = known.mean(axis=0)
    _, spread, directions = np.linalg.svd(known - centre, full_matrices=False)
    line = directions[0] * max(spread[0], 1e-9) / np.sqrt(len(known))  # (d,): one standard deviation
    against = (known[rivals] * hidden).sum(axis=1)  # (c,)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        place, deviation = parameters[0], parameters[1:]
        raw = centre + place * line + deviation
        norm = float(np.linalg.norm(raw))
        unit = raw / norm
        z = hidden @ unit - against
        loss, residual = cross_entropy(z, target, weight)
        to_unit = residual @ hidden
        to_raw = (to_unit - unit * float(unit @ to_unit)) / norm
        loss += 0.5 * LINE_PENALTY * place**2 + 0.5 * DEVIATION_PENALTY * float(deviation @ deviation)
        gradient = [to_raw @ line + LINE_PENALTY * place, *(to_raw + DEVIATION_PENALTY * deviation)]
        return loss, np.array(gradient)

    found = minimise(objective, np.zeros(1 + known.shape[1]))
    vector: Floats = centre + found[0] * line + found[1:]
    return vector
