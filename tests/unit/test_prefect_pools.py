"""What a Prefect server answers when a job is given to a work pool, and what that means for the run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from tasks.domain.errors import Refused, Unanswered
from tasks.steps.pools import PrefectPools

ID = "7d7ad1f4-31d4-4a2e-9e4f-4a5a6f0a1c11"
JOB = "20300107T120000000000-mail-apply-0123abcd"


class Server(HTTPServer):
    """Answers with these status codes to who reads the deployment, and to who wants a run of it."""

    reads = creates = 200


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer(
            self.server.reads if "/deployments/name/" in self.path else 404
        )  # There is no protection against CSRF.

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(self.server.creates)

    def _answer(self, status: int) -> None:
        body = json.dumps({"id": ID, "flow_id": ID, "name": "shop-units-pool", "detail": "so it is"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    listening = Server(("127.0.0.1", 0), Answers)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{listening.server_port}"
    with temporary_settings({PREFECT_API_URL: address, PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield listening
    listening.shutdown()
    listening.server_close()


POOLS = PrefectPools("shop")


def test_a_job_is_known_by_its_flow_run(server: Server) -> None:
    POOLS.refuse_absent("pool")
    assert UUID(POOLS.submit("pool", "dev", JOB)) == UUID(ID)


@pytest.mark.parametrize(("step", "status"), [("reads", 401), ("reads", 403), ("creates", 409), ("creates", 422)])
def test_a_no_is_not_asked_for_again(server: Server, step: str, status: int) -> None:
    setattr(server, step, status)
    with pytest.raises(Refused, match=rf"pool, and Prefect at http://127.*refuses: (.|\n)*{status}") as raised:
        POOLS.submit("pool", "dev", JOB)
    assert "Nothing was started" not in str(raised.value)


@pytest.mark.parametrize(("step", "status"), [("reads", 429), ("creates", 408), ("creates", 503)])
def test_no_answer_may_be_asked_for_again(server: Server, step: str, status: int) -> None:
    setattr(server, step, status)
    with pytest.raises(Unanswered, match="does not respond") as raised:
        POOLS.submit("pool", "dev", JOB)
    assert "Nothing was started" not in str(raised.value)


@pytest.mark.parametrize("step", ["reads", "creates"])
def test_a_deployment_that_was_removed_may_come_back(server: Server, step: str) -> None:
    setattr(server, step, 404)
    with pytest.raises(Unanswered, match=r"the work pool pool is gone from (.|\n)*flowmart server up"):
        POOLS.submit("pool", "dev", JOB)


def test_before_anything_is_claimed_it_is_said_that_nothing_was_started(server: Server) -> None:
    server.reads = 404
    with pytest.raises(Refused, match=r"has no work pool pool for units of shop\. Nothing was started"):
        POOLS.refuse_absent("pool")
    server.reads = 500
    with pytest.raises(Unanswered, match=r"does not respond(.|\n)*Nothing was started; promote again"):
        POOLS.refuse_absent("pool")
    server.reads = 401
    with pytest.raises(Refused, match=r"refuses(.|\n)*401"):
        POOLS.refuse_absent("pool")
