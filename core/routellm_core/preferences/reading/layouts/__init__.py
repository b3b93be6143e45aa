"""Layouts: how the logs that people have write their calls, one file a family."""

from __future__ import annotations

from routellm_core.preferences.reading.layouts.conversations import ArenaBattles, MessageLists, ShareGPT
from routellm_core.preferences.reading.layouts.decision_log import DecisionLogRows
from routellm_core.preferences.reading.layouts.langfuse import LangfuseExport
from routellm_core.preferences.reading.layouts.langsmith import LangSmithRuns
from routellm_core.preferences.reading.layouts.layout import Layout
from routellm_core.preferences.reading.layouts.litellm import LiteLLMLog
from routellm_core.preferences.reading.layouts.openai_logs import OpenAIBatch, OpenAILog
from routellm_core.preferences.reading.layouts.spans import Spans
from routellm_core.preferences.reading.layouts.tables import Table

LAYOUTS: tuple[type[Layout], ...] = (
    DecisionLogRows,
    Spans,
    LangSmithRuns,
    LiteLLMLog,
    OpenAIBatch,
    ArenaBattles,
    LangfuseExport,
    OpenAILog,
    MessageLists,
    ShareGPT,
    Table,
)
"""In the order in which they are tried: the most telling fields first."""

LAYOUT_NAMES = tuple(layout.name for layout in LAYOUTS)

__all__ = ["LAYOUTS", "LAYOUT_NAMES", "Layout"]
