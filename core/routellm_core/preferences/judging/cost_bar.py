"""CostBar: a progress bar with the cost so far, on a terminal's standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self


class CostBar:
    """Shows how many prompts are done and what they have cost; a context manager, and callable as `Progress`.

    Where standard error is no terminal, `say` is told after each prompt, and says it as often as fits. tqdm
    comes with openai; without it, a terminal is told at every twentieth of the whole.
    """

    def __init__(self, total: int, say: Callable[[str], None], *, priced: bool) -> None:
        self._say = say
        self._priced = priced
        self._bar: Any = None
        self._said = 0
        self._watched = sys.stderr.isatty()
        try:
            from tqdm import tqdm
        except ImportError:
            return
        if self._watched:
            self._bar = tqdm(total=total, unit="prompt", dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done: int, total: int, cost: float) -> None:
        """Show that `done` of `total` prompts are done at this cost."""
        shown = f"cost {cost:.4f}" if self._priced else ""
        if self._bar is not None:
            self._bar.set_postfix_str(shown, refresh=False)
            self._bar.update(done - self._bar.n)
        elif not self._watched or done * 20 // total > self._said:
            self._said = done * 20 // total
            self._say(f"judged {done} of {total} prompts {shown}".rstrip())
