"""ReadingReport: how a log was read, and what became of its rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from routellm_core.preferences.reading.logged_call import APART, SKIPPED, CallKind


@dataclass
class ReadingReport:
    """Counts that grow while a log is read.

    Attributes:
        sources: name, layout and container of each source; the layout is "" for plain lines.
        rows: rows that were read.
        decisions: decisions that the router would have made.
        calls: how many calls were of each kind.
        refused: reason -> rows that could not be used.
        impossible: calls with impossible token counts; they count as calls without tokens.
        impossible_example: the first of them.
    """

    sources: list[tuple[str, str, str]] = field(default_factory=list)
    rows: int = 0
    decisions: int = 0
    calls: Counter[CallKind] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    impossible: int = 0
    impossible_example: str = ""

    def began(self, origin: str, title: str, container: str) -> None:
        """Record that a source was opened."""
        self.sources.append((origin, title, container))

    @property
    def skipped(self) -> dict[str, int]:
        """Reason -> rows without anything to decide, the most frequent first."""
        reasons = Counter({words: self.calls[kind] for kind, words in SKIPPED.items()}) + self.refused
        return dict(reasons.most_common())

    def sentence(self) -> str:
        """Return one line on what was read, set aside and skipped."""
        read = " and ".join(dict.fromkeys(_words(title, container) for _, title, container in self.sources))
        line = f"read {_rows(self.rows)} as {read}" if read else "read nothing"
        parts = []
        if self.calls["tool step"] or self.calls["retry"]:
            steps, retries = self.calls["tool step"], self.calls["retry"]
            calls = self.calls["question"] + steps + retries
            parts.append(
                f"{self.decisions:,} decisions with {calls:,} calls ({steps:,} tool steps, "
                f"{retries:,} retries)"
            )
        elif self.decisions != self.rows:
            parts.append(f"{self.decisions:,} decisions")
        apart = [f"{self.calls[kind]:,} {words}" for kind, words in APART.items() if self.calls[kind]]
        if apart:
            parts.append(f"left out: {', '.join(apart)}")
        if self.skipped:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
            parts.append(f"{sum(self.skipped.values()):,} skipped: {reasons}")
        return "; ".join([line, *parts])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "sources": [
                {"name": name, "layout": title or "plain lines", "container": container}
                for name, title, container in self.sources
            ],
            "rows": self.rows,
            "decisions": self.decisions,
            "calls": dict(self.calls),
            "skipped": self.skipped,
            "impossible_tokens": self.impossible,
        }


def _words(title: str, container: str) -> str:
    return f"{title} ({container})" if title else container


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
