"""From an HTTP request to its answer: routes, API keys, the JSON body, the record of what was asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from examples.stand_in import anthropic_messages
from examples.stand_in.http_connection import HttpRequest
from examples.stand_in.model import Provider
from examples.stand_in.openai_chat import chat
from examples.stand_in.openai_completions import complete
from examples.stand_in.openai_embeddings import embed
from examples.stand_in.openai_responses import respond
from examples.stand_in.refusal import Refusal
from examples.stand_in.reply import Reply
from examples.stand_in.service import Service

_LOG = logging.getLogger(__name__)
_OPENAI: dict[str, Callable[[Service, dict[str, Any]], Reply]] = {
    "/v1/chat/completions": chat,
    "/v1/completions": complete,
    "/v1/embeddings": embed,
}


class RecordedRequest(NamedTuple):
    """A request as the server got it; header names are in lower case. `status` is what it was answered."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int
    error: str


class Application:
    """Answers requests and keeps them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.requests: list[RecordedRequest] = []

    def handle(self, request: HttpRequest) -> Reply:
        """Answer one request; whatever goes wrong becomes an HTTP error of the provider's form."""
        provider: Provider = "anthropic" if request.path.startswith("/v1/messages") else "openai"
        if "anthropic-version" in request.headers:
            provider = "anthropic"
        body: dict[str, Any] = {}
        error = ""
        request_id = self._service.new_id("req_")
        try:
            _check_key(request, provider)
            if request.method == "POST":
                body = _read_json(request.body, provider)
            reply = self._route(request, body, provider)
            if request.method == "POST" and not request.path.endswith("count_tokens"):
                reply = self._service.failures.apply(self._service.models[body["model"]], reply, request_id)
        except Refusal as refusal:
            error = refusal.message
            reply = Reply.from_json(refusal.body(provider, request_id), refusal.status)
        except Exception as problem:
            # A bug in the stand-in must not hang the client: it becomes a 500 that names it.
            _LOG.exception("the stand-in server failed")
            error = f"stand-in bug: {problem!r}"
            reply = Reply.from_json(Refusal(500, error).body(provider, request_id), 500)
        reply.headers["request-id" if provider == "anthropic" else "x-request-id"] = request_id
        self.requests.append(RecordedRequest(request.path, request.headers, body, reply.status, error))
        return reply

    def _route(self, request: HttpRequest, body: dict[str, Any], provider: Provider) -> Reply:
        path, service = request.path, self._service
        if request.method == "GET" and path == "/v1/models":
            names = [model.name for model in service.models.values() if model.api == provider]
            return Reply.from_json(_model_list(names, provider))
        if request.method == "POST" and path in _OPENAI:
            return _OPENAI[path](service, body)
        if request.method == "POST" and path == "/v1/responses":
            return respond(service, body, request.headers["authorization"])
        if request.method == "POST" and path in ("/v1/messages", "/v1/messages/count_tokens"):
            if "anthropic-version" not in request.headers:
                raise Refusal(400, "anthropic-version: header is required")
            answer = anthropic_messages.create if path == "/v1/messages" else anthropic_messages.count
            return answer(service, body, beta="anthropic-beta" in request.headers)
        raise Refusal(404, f"Invalid URL ({request.method} {path})")


def _check_key(request: HttpRequest, provider: Provider) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key if scheme.lower() == "bearer" else ""
    if provider == "anthropic":
        key = request.headers.get("x-api-key", "") or key
    if not key:
        text = "You didn't provide an API key. You need to provide your API key in an Authorization header."
        raise Refusal(401, text if provider == "openai" else "x-api-key header is required")
    if "invalid" in key:
        raise Refusal.from_status(401, provider)


def _read_json(body: bytes, provider: Provider) -> dict[str, Any]:
    try:
        value = json.loads(body, object_pairs_hook=_without_duplicates)
    except ValueError as problem:
        text = "We could not parse the JSON body of your request."
        raise Refusal(
            400, f"{text} ({problem})" if provider == "openai" else f"invalid JSON: {problem}"
        ) from None
    if not isinstance(value, dict):
        raise Refusal(400, "The request body must be a JSON object.")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return value


def _model_list(names: list[str], provider: Provider) -> dict[str, Any]:
    if provider == "openai":
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "stand-in"} for name in names]
        return {"object": "list", "data": data}
    date = "2026-01-01T00:00:00Z"
    models = [{"id": name, "type": "model", "display_name": name, "created_at": date} for name in names]
    return {"data": models, "has_more": False, "first_id": names[:1], "last_id": names[-1:]}
