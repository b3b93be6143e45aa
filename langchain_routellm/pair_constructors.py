"""PairConstructors: a router from a calibration, or from more than two models."""

from __future__ import annotations

from os import PathLike
from typing import Any, Self

from langchain_routellm.pair_fields import GivenModel
from langchain_routellm.pair_settings import PairSettings
from routellm_core.calibration.record import Calibration
from routellm_core.pair.calibrated_pair import calibrated_traffic, settings_from_calibration
from routellm_core.pair.tier_arguments import Tiers, tier_arguments


class PairConstructors(PairSettings):
    """The constructors beside `__init__`, named by what they take."""

    @classmethod
    def from_tiers(cls, tiers: Tiers[GivenModel], **settings: Any) -> Self:
        """Make a router of two or more models, one of which each score chooses.

        ```python
        llm = ChatRouteLLM.from_tiers(
            [("nano", nano), ("mini", mini), ("full", full)], shares=[0.5, 0.3, 0.2]
        )
        ```

        Args:
            tiers: names and models, the cheapest first, as pairs or as a dictionary.
            settings: `shares` (one for each tier) or `thresholds` (the scores from which each higher tier
                answers), and the constructor's other settings. "weak" and "strong" name the lowest
                and the highest tier.

        Raises:
            ValueError: a tier or a setting is not what was expected; the message names it.
        """
        return cls(**tier_arguments(tiers), **settings)

    @classmethod
    def from_calibration(
        cls, path: str | PathLike[str], *, strong: GivenModel, weak: GivenModel, **settings: Any
    ) -> Self:
        """Make it with the router and the threshold that `routellm calibrate` wrote.

        Args:
            path: the file written by `routellm calibrate --out`.
            strong: as in the constructor.
            weak: as in the constructor.
            settings: the constructor's other settings.

        Raises:
            ValueError: `threshold` or `strong_share` is given as well, the file is not a calibration, or it
                was made with a different router.

        Warns:
            CalibrationWarning: it was made for another model.
        """
        calibration = Calibration.load(path)
        model = cls(strong=strong, weak=weak, **settings_from_calibration(calibration, settings))
        names = [side.name for side in model.switchboard.sides.values()]
        model._state.expect(calibrated_traffic(calibration, model._routing.router, *names))
        model._switchboard = None
        return model
