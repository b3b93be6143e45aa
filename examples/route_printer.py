"""RoutePrinter: prints where each model call of a LangChain program went, from what its trace says."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler


class RoutePrinter(BaseCallbackHandler):
    """Give it to any chain, agent or graph: `invoke(..., config={"callbacks": [RoutePrinter()]})`.

    The routed call's run carries the decision in its metadata, as any tracer sees it.
    """

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[Any],
        *,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Print one line per model call."""
        found = metadata or {}
        score = found.get("routellm_score")
        told = (
            "not scored"
            if score is None
            else f"score {score:.3f}, strong from {found['routellm_threshold']:.3f}"
        )
        model = f"{found.get('ls_provider')}:{found.get('ls_model_name')}"
        print(f"  -> {found['routellm_route']:6}  {model}  ({told}, reason: {found['routellm_reason']})")
