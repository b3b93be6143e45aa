"""Values that let other threads go on while they are used, so that a missing lock shows at once."""

from __future__ import annotations

import time


class YieldingStr(str):
    """As a key, yields between the reading of an entry and its writing."""

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()


class YieldingInt(int):
    """Yields while it is added or subtracted."""

    def __add__(self, other: int) -> YieldingInt:
        time.sleep(0)
        return YieldingInt(super().__add__(other))

    __radd__ = __add__

    def __sub__(self, other: int) -> YieldingInt:
        time.sleep(0)
        return YieldingInt(super().__sub__(other))
