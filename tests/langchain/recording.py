"""A tracer that keeps what it is told."""

from __future__ import annotations

from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run


class RecordingTracer(BaseTracer):
    """Keeps every finished run, in the order in which they ended."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        """Required by the base class."""

    def _end_trace(self, run: Run) -> None:
        self.runs.append(run)
        super()._end_trace(run)
