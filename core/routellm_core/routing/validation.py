"""Checks of user input, shared by both adapters, per-call settings and the command line.

Every message names the field, the value and what was expected.
"""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from routellm_core.routing.decision import Route


def check_fraction(value: Any, field: str) -> float:
    """Return a threshold or share as float.

    Raises:
        ValueError: it is not a number in [0, 1].
    """
    number = _as_float(value)
    if number is None or math.isnan(number) or not 0.0 <= number <= 1.0:
        raise ValueError(f"{field} is {value!r}, expected a number in [0, 1].")
    return number


def check_count(value: Any, field: str, *, at_least: int = 1) -> int:
    """Return a whole number.

    Raises:
        ValueError: it is not a whole number of at least `at_least`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(f"{field} is {value!r}, expected a whole number of at least {at_least}.")
    return int(value)


def check_positive(
    value: Any, field: str, *, above: float = 0.0, at_most: float = math.inf, below: float = math.inf
) -> float:
    """Return a finite number above 0, or above another bound, as float.

    Raises:
        ValueError: it is not such a number, is above `at_most`, or is not below `below`.
    """
    number = _as_float(value)
    if number is None or not (above < number <= at_most and number < below):
        limit = f" and at most {at_most:g}" if at_most < math.inf else ""
        limit += f" and below {below:g}" if below < math.inf else ""
        raise ValueError(f"{field} is {value!r}, expected a number above {above:g}{limit}.")
    return number


def check_amount(value: Any, field: str, unit: str) -> float:
    """Return a finite amount of money, or of anything else that is not negative, as float.

    Raises:
        ValueError: it is not a number of at least 0; the message names the unit.
    """
    number = _as_float(value)
    if number is None or not 0.0 <= number < math.inf:
        raise ValueError(f"{field} is {value!r}, expected a number of at least 0, {unit}.")
    return number


def check_route(value: Any, field: str) -> Route:
    """Return the name of a side; whether there is such a side, the router knows that is called with it.

    Raises:
        ValueError: it is no name.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field} is {value!r}, expected 'strong', 'weak' or the name of a tier.")
    return str.__str__(value)


def _as_float(value: Any) -> float | None:
    # bool is an int to Python, but `threshold=True` is a slip; so is a string, or a list of one number.
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
