"""The HTTP endpoint: authenticates a delivery, stores it, and only then responds.

It contacts no other service while GitHub waits, so neither Prefect nor GitHub must be up for a 202. Deliveries and
responses are logged by id, event and outcome, never with a body.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from deployments.github.authentication import NotADelivery, Room, read_body, read_headers, refuse_unsigned
from deployments.github.events import Decision, Ignored, Intent, Refusal, Why, decide
from deployments.github.home import Home
from deployments.github.inbox import Inbox, Receipt, State
from deployments.github.settings import ReceiverSettings
from deployments.services import READY, ServiceHealth
from tasks.domain.errors import Unanswered

PATH = "/github/webhook"

log = structlog.get_logger("flowmart.github")

_PATIENCE = 10.0
"""Seconds after which GitHub gives up on a delivery; a slower one needs no response."""

_BODIES_AT_ONCE = 4
"""How many bodies of the largest size fit at the same time; of usual size, thousands do."""

_REFUSED = {Why.FORK: 202, Why.REPOSITORY: 403, Why.PAYLOAD: 422}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: ReceiverSettings,
    home: Home,
    inbox: Inbox,
    arrived: Callable[[], None] = lambda: None,
    trouble: Callable[[], str] = lambda: "",
    prefect: Callable[[], ServiceHealth] = lambda: READY,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Return the receiver's app.

    Args:
        settings: the receiver's settings.
        home: the platform's repository.
        inbox: stores the deliveries.
        arrived: called when a delivery is waiting.
        trouble: returns what prevents dispatching; empty if nothing does.
        prefect: returns the health of the Prefect server that runs are started on.
        lifespan: starts and stops what belongs to the app.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    room = Room(settings.body_limit * _BODIES_AT_ONCE)

    async def webhook(request: Request) -> JSONResponse:
        """Receive a delivery."""
        began = time.monotonic()
        try:
            headers = read_headers(request.headers, settings.body_limit)
            with room.one():
                body = await read_body(request.stream(), settings.body_limit, _PATIENCE, room)
            refuse_unsigned(body, headers.signature, settings.secrets)
            payload = _object(body)
        except NotADelivery as error:
            log.warning("refused", status=error.status, what=str(error))
            return JSONResponse({"error": str(error)}, error.status)
        decision = decide(headers.event, payload, home.rules)
        answered = await _keep(inbox, headers.delivery, headers.event, decision, arrived)
        # Not awaited: a lost count is not a lost delivery.
        inbox.acknowledged(time.monotonic() - began)
        return answered

    # Not `app.post`: FastAPI would resolve dependencies for each delivery, and there are none.
    app.add_route(PATH, webhook, methods=["POST"])

    @app.get("/health")
    async def health() -> JSONResponse:
        """Report whether deliveries can be stored, how many wait, what prevents their start, and Prefect's health."""
        try:
            counts = await asyncio.to_thread(inbox.counts)
            since = await asyncio.to_thread(inbox.waiting_since)
        except Unanswered as error:
            return JSONResponse({"status": "failing", "reason": str(error)}, 503)
        found = {"deliveries": {state.value: number for state, number in counts.items()}, "waiting_since": since}
        return JSONResponse({**_condition(trouble(), prefect()), **found})

    app.add_exception_handler(ClientDisconnect, _gone)
    return app


def _condition(trouble: str, prefect: ServiceHealth) -> dict[str, str]:
    """Combine both healths; the receiver's own trouble comes first."""
    if trouble or prefect.state == "fails":
        return {"status": "troubled", "reason": "; ".join(filter(None, (trouble, prefect.reason)))}
    return {"status": "ok" if prefect == READY else prefect.state, "reason": prefect.reason}


async def _keep(
    inbox: Inbox, delivery: str, event: str, decision: Decision, arrived: Callable[[], None]
) -> JSONResponse:
    try:
        receipt = await asyncio.wrap_future(inbox.receive(delivery, event, decision))
    except Unanswered as error:
        log.error("not kept", delivery=delivery, github_event=event, what=str(error))
        return JSONResponse({"error": "it could not be kept; send it again"}, 503)
    if receipt.state is State.RECEIVED and not receipt.known:
        arrived()
    status, said = answer(event, decision, receipt)
    log.info("delivery", delivery=delivery, github_event=event, status=status, what=said)
    return JSONResponse({"delivery": delivery, "state": receipt.state, "what": said}, status)


def answer(event: str, decision: Decision, receipt: Receipt) -> tuple[int, str]:
    """Return the HTTP status and a short text on what was done; GitHub shows both on the webhook's page."""
    if receipt.known:
        return 202, f"known: {receipt.state}{f', {receipt.reason}' if receipt.reason else ''}"
    match decision:
        case Refusal():
            return _REFUSED[decision.why], f"refused: {decision.reason}"
        case Ignored():
            return 200 if event == "ping" else 202, decision.reason
        case Intent() if receipt.state is State.IGNORED:
            return 202, receipt.reason
        case Intent():
            return 202, f"starts {decision.deployment}"


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise NotADelivery(400, "the body is not JSON") from None
    if not isinstance(payload, dict):
        raise NotADelivery(400, "the body is not a JSON object")
    return payload


async def _gone(_: Request, __: Exception) -> JSONResponse:
    """Respond to a sender that hung up during the request; nobody reads the response."""
    return JSONResponse({"error": "the body ended early"}, 400)
