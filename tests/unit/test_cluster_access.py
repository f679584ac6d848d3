"""Reaching a cluster: as whom, and what its answers mean. The cluster is an HTTP server that says what it is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster import kubeconfig
from tasks.cluster.objects import Reference
from tasks.domain.errors import FlowmartError, InvalidInput, Refused, Unanswered
from tests.servers.loopback import serving

CART = Reference("apps/v1", "Deployment", "shop", "cart")
KINDS = (
    {"kind": "Deployment", "name": "deployments", "namespaced": True},
    {"kind": "Scale", "name": "deployments/scale", "namespaced": True},
)


class Api(ThreadingHTTPServer):
    """Knows deployments, and answers everything else with `status` and `body`; `asked`, `sent`: what it got.

    `first` are the statuses of the answers before that; 0 is a connection that is closed without one.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = 200, "{}"
        self.first: list[int] = []
        self.kinds: list[dict[str, Any]] = list(KINDS)
        self.sent: Any = None
        self.asked: list[tuple[str, str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        kinds = self.path == "/apis/apps/v1"
        status = self.server.first.pop(0) if self.server.first and not kinds else self.server.status
        if status == 0:
            self.close_connection = True
            return
        self.send_response(200 if kinds else status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write((json.dumps({"resources": self.server.kinds}) if kinds else self.server.body).encode())

    def do_PATCH(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.server.sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are silent."""


@pytest.fixture
def api() -> Iterator[Api]:
    with serving(Api()) as server:
        yield server


def variables(folder: Path, address: str, **user: Any) -> dict[str, str]:
    """The variables that lead to the cluster as `user`."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "dev-plan", "context": {"cluster": "c", "user": "u"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    return {"KUBECONFIG": str(file), "HELM_KUBECONTEXT": "dev-plan"}


def told(reason: str, message: str, **details: Any) -> str:
    return json.dumps({"kind": "Status", "reason": reason, "message": message, "details": details})


def test_a_token_is_sent_and_kinds_are_asked_once(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address, token="t"))
    assert (cluster.read(CART), cluster.read(CART)) == ({}, {})
    object_path = "/apis/apps/v1/namespaces/shop/deployments/cart"
    assert [path for _, path, _ in api.asked] == ["/apis/apps/v1", object_path, object_path]
    assert {authorization for _, _, authorization in api.asked} == {"Bearer t"}


def test_a_program_for_credentials_acts_with_our_variables(api: Api, tmp_path: Path) -> None:
    program = tmp_path / "get-token"
    program.write_text(
        f"#!{sys.executable}\nimport json, os\n"
        "token = os.environ['AWS_ACCESS_KEY_ID'] + os.environ['OWN']\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': {'token': token}}))\n"
    )
    program.chmod(0o755)
    own = [{"name": "OWN", "value": "-own"}]
    user = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "env": own}
    role = {**variables(tmp_path, api.address, exec=user), "AWS_ACCESS_KEY_ID": "of-the-role"}
    kubeconfig.opened(role).read(CART)
    assert api.asked[-1][2] == "Bearer of-the-role-own"


@pytest.mark.parametrize(("more", "complete"), [("", True), ("further", False)])
def test_the_first_of_a_kind_come_with_whether_they_are_all(
    api: Api, tmp_path: Path, more: str, complete: bool
) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    api.body = json.dumps({"metadata": {"continue": more}, "items": [{"metadata": {"name": "cart"}}]})
    cart = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}}
    assert cluster.first(CART, 7) == ([cart], complete)
    assert api.asked[-1][1] == "/apis/apps/v1/namespaces/shop/deployments?limit=7"


def test_nothing_is_listed_of_a_kind_that_is_not_served(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    assert cluster.first(Reference("apps/v1", "Nothing", "shop", "x"), 7) == ([], True)


def test_what_is_not_there_is_nothing(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    api.status, api.body = 404, told("NotFound", "not found")
    assert cluster.read(CART) is None
    assert cluster.apply(CART, {}) is None
    assert cluster.remove(CART, "1") is False
    assert cluster.read(Reference("apps/v1", "Nothing", "shop", "x")) is None


def test_an_apply_says_who_we_are_and_whether_it_is_a_rehearsal(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    cluster.apply(CART, {"kind": "Deployment"}, rehearse=True)
    method, path, _ = api.asked[-1]
    assert method == "PATCH"
    assert {"fieldManager=flowmart", "dryRun=All"} <= set(path.partition("?")[2].split("&"))
    cluster.apply(CART, {"kind": "Deployment"})
    assert "dryRun" not in api.asked[-1][1]


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (422, told("Invalid", "spec.replicas: Invalid value"), Refused, "spec.replicas: Invalid value"),
        (503, "upstream is away", Unanswered, "503 upstream is away; retry later"),
        (200, "<html>sign in</html>", Unanswered, "something else than Kubernetes answers there .*sign in"),
    ],
)
def test_an_answer_is_a_refusal_or_none(
    api: Api, tmp_path: Path, status: int, body: str, kind: type[FlowmartError], message: str
) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    api.status, api.body = status, body
    with pytest.raises(FlowmartError, match=message) as raised:
        cluster.apply(CART, {})
    assert type(raised.value) is kind
    assert "could not apply Deployment/shop/cart in dev-plan" in str(raised.value)


def test_a_kind_that_is_not_known_yet_is_asked_for_again(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    queue = Reference("apps/v1", "Queue", "shop", "q")
    assert not cluster.knows(queue)
    api.kinds.append({"kind": "Queue", "name": "queues", "namespaced": True})
    assert cluster.knows(queue)


def test_a_removal_is_of_the_object_with_that_uid(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    assert cluster.remove(CART, "12-34")
    assert api.sent == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "12-34"},
        "propagationPolicy": "Foreground",
    }


def test_a_service_may_answer_what_it_likes(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    api.status, api.body = 500, "broken"
    answered = cluster.through("shop", "cart", "http", "/health?deep=1", seconds=5)
    assert (answered.status, answered.body, answered.status_object) == (500, "broken", {})
    assert api.asked[-1][1] == "/api/v1/namespaces/shop/services/cart:http/proxy/health?deep=1"


@pytest.mark.parametrize("lost", [[0], [503, 500], [0, 502, 504], [429]], ids=str)
def test_a_read_whose_answer_is_lost_is_asked_again(api: Api, tmp_path: Path, lost: list[int]) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    api.first = lost.copy()
    assert cluster.read(CART) == {}
    api.first = lost.copy()
    cluster.apply(CART, {})


def test_a_removal_whose_answer_is_lost_is_not_made_again_by_the_client(api: Api, tmp_path: Path) -> None:
    cluster = kubeconfig.opened(variables(tmp_path, api.address))
    api.first = [503]
    with pytest.raises(Unanswered, match="could not remove"):
        cluster.remove(CART, "12-34")


def test_a_cluster_that_is_away_gives_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unanswered, match="cluster dev-plan: no answer"):
        kubeconfig.opened(variables(tmp_path, "http://127.0.0.1:1")).read(CART)


def test_a_context_that_is_missing_is_told(tmp_path: Path) -> None:
    known = variables(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(InvalidInput, match=r"staging-plan.*kubeconfig"):
        kubeconfig.opened({**known, "HELM_KUBECONTEXT": "staging-plan"})
    with pytest.raises(InvalidInput, match="there is no kubeconfig"):
        kubeconfig.opened({**known, "KUBECONFIG": str(tmp_path / "missing")})
    with pytest.raises(InvalidInput, match="give the environment a cluster"):
        kubeconfig.opened({})
