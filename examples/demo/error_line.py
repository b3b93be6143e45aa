"""Errors in one line: what a provider says, without its JSON around it."""

from __future__ import annotations

LONGEST = 240


def error_line(error: BaseException) -> str:
    """Return an error's own words on one line."""
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    cause = error.__cause__
    text = " ".join(str(said or error or type(error).__name__).split())
    if cause is not None and not said and str(cause) and str(cause) not in text:
        text = f"{text.rstrip('.')}: {' '.join(str(cause).split())}"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
