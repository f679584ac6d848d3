"""`python -m deployments.server.board`: serves the board, one page that shows which release is where.

It reads the store on each request and changes nothing. If Prefect's UI has a password, this page requires the same
one.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import os
import secrets
from datetime import UTC, datetime

import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from deployments.prefect_server import links
from flows import logs
from tasks import manifest, settings
from tasks.domain.errors import FlowmartError
from tasks.ledger.history import History
from tasks.reports import board_html
from tasks.reports.board import Board
from tasks.reports.board_reading import read
from tasks.reports.found_units import with_found_units
from tasks.settings import Settings

log = structlog.get_logger("flowmart.server")

PATH = "/board"


def of(chosen: Settings, history: History) -> Board:
    """Return the current board, read from the store."""
    infrastructure = chosen.repository / "infrastructure"
    platform = with_found_units(manifest.load(infrastructure), infrastructure, history)
    return read(history, platform.environments).board(platform, datetime.now(UTC), links(chosen))


def create_app(chosen: Settings, auth: str) -> FastAPI:
    """Return the app that serves the page and its health check, and nothing else.

    Args:
        chosen: the product's settings, which name the store.
        auth: `user:password` for basic auth; empty for none.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/health")
    def health() -> Response:
        return PlainTextResponse("ok")

    @app.get("/")
    def start() -> Response:
        return RedirectResponse(PATH)

    @app.get(PATH)
    def board(request: Request) -> Response:
        if auth and not _knows(request.headers.get("authorization", ""), auth):
            return PlainTextResponse("log in", 401, {"www-authenticate": 'Basic realm="board", charset="UTF-8"'})
        try:
            return HTMLResponse(board_html.page(of(chosen, History(chosen))), headers=board_html.HEADERS)
        except FlowmartError as error:
            log.warning("board not made", why=str(error))
            return PlainTextResponse(f"The board cannot be made: {error}\n", 503, board_html.HEADERS)

    return app


def _knows(header: str, auth: str) -> bool:
    kind, _, given = header.partition(" ")
    try:
        said = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False
    return kind.lower() == "basic" and secrets.compare_digest(said, auth.encode())


def main() -> None:
    """Serve the board until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, required=True)
    chosen = settings.load()
    logs.configure(chosen.log, in_runs=False, folder=chosen.log_files)
    app = create_app(chosen, os.environ.get("PREFECT_API_AUTH_STRING", ""))
    asked = parser.parse_args()
    log.info("serving", what=f"http://{asked.host}:{asked.port}{PATH}")
    uvicorn.run(app, host=asked.host, port=asked.port, access_log=False, server_header=False, ws="none")


if __name__ == "__main__":
    main()
