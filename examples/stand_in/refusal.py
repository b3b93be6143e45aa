"""A request turned down, in the words and the error shape of either provider."""

from __future__ import annotations

from typing import Any

_OPENAI_KINDS = {401: "invalid_request_error", 403: "invalid_request_error", 429: "requests"}
_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES = {
    401: ("Incorrect API key provided.", "invalid x-api-key"),
    403: ("You do not have access to this model.", "Your API key does not have permission for this."),
    429: ("Rate limit reached for requests per min (RPM).", "This request would exceed your rate limit."),
    500: (
        "The server had an error while processing your request. Sorry about that!",
        "Internal server error",
    ),
    503: ("The engine is currently overloaded, please try again later.", "Overloaded"),
    529: ("The engine is currently overloaded, please try again later.", "Overloaded"),
}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


class Refusal(Exception):
    """An HTTP error the provider answers with; `param` and `code` are OpenAI's."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    @classmethod
    def from_status(cls, status: int, provider: str) -> Refusal:
        """A failure that the request did not cause, with the message the provider gives for it."""
        openai, anthropic = _MESSAGES.get(status, (f"Error {status}.", f"Error {status}."))
        return cls(status, openai if provider == "openai" else anthropic, code=_CODES.get(status))

    def openai_body(self) -> dict[str, Any]:
        """The error object as OpenAI sends it."""
        fallback = "server_error" if self.status >= 500 else "invalid_request_error"
        kind = _OPENAI_KINDS.get(self.status, fallback)
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def anthropic_body(self, request_id: str) -> dict[str, Any]:
        """The error object as Anthropic sends it."""
        kind = _ANTHROPIC_KINDS.get(
            self.status, "api_error" if self.status >= 500 else "invalid_request_error"
        )
        return {"type": "error", "error": {"type": kind, "message": self.message}, "request_id": request_id}

    def body(self, provider: str, request_id: str) -> dict[str, Any]:
        """The error object as the provider sends it."""
        return self.openai_body() if provider == "openai" else self.anthropic_body(request_id)
