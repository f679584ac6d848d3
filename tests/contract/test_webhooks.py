"""A webhook that responds only after a while, as one does whose pods come with the release: it is waited for."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.outcome import Outcome
from tests.platforms.kustomizations import Releases, config_map, in_own_namespace
from tests.servers import clusters
from tests.servers.certificates import certificates
from tests.servers.clusters import Cluster
from tests.servers.loopback import serving

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: caches.hooked.example}
spec:
  group: hooked.example
  scope: Namespaced
  names: {kind: Cache, plural: caches, singular: cache, listKind: CacheList}
  conversion:
    strategy: Webhook
    webhook: {conversionReviewVersions: [v1], clientConfig: {url: "https://ADDRESS/convert", caBundle: AUTHORITY}}
  versions:
    - {name: v1alpha1, served: true, storage: true, schema: &any {openAPIV3Schema: {type: object,
       x-kubernetes-preserve-unknown-fields: true}}}
    - {name: v1, served: true, storage: false, schema: *any}
"""
CACHE = "apiVersion: hooked.example/v1\nkind: Cache\nmetadata: {name: main}\nspec: {size: 1}\n"


class Webhook(ThreadingHTTPServer):
    """Converts objects to the version that is asked for. It says `silent` times first that it is not available."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        made = certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.certificate, made.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.authority = base64.b64encode(made.ca.read_bytes()).decode()
        self.silent = 0

    @property
    def definition(self) -> str:
        """A definition whose objects it converts."""
        address = f"127.0.0.1:{self.server_address[1]}"
        return DEFINITION.replace("ADDRESS", address).replace("AUTHORITY", self.authority)


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.silent -= 1
        if self.server.silent >= 0:
            self.send_error(503)
            return
        asked = review["request"]
        objects = [{**item, "apiVersion": asked["desiredAPIVersion"]} for item in asked["objects"]]
        response = {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({**review, "request": None, "response": response}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture
def webhook(tmp_path: Path, cluster: Cluster) -> Iterator[Webhook]:
    made = Webhook(tmp_path)
    with serving(made):
        yield made
        made.silent = 0
        cluster.kubectl("delete", "crd", "caches.hooked.example", "--ignore-not-found")


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Releases:
    """Releases in a namespace of the test's own."""
    return in_own_namespace(cluster, tmp_path)


def test_a_webhook_that_comes_with_the_release_is_waited_for(shop: Releases, webhook: Webhook) -> None:
    plan = shop.planned(shop.target("a", "app", webhook.definition, CACHE, config_map("one")))
    webhook.silent = 30
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert webhook.silent < 0
    assert shop.object("caches.v1.hooked.example/main")["spec"] == {"size": 1}


def test_a_webhook_that_stays_silent_is_no_answer_and_no_refusal(shop: Releases, webhook: Webhook) -> None:
    plan = shop.planned(shop.target("a", "app", webhook.definition, CACHE, config_map("one"), time_limit=8))
    webhook.silent = 10**6
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.UNANSWERED
    assert "conversion webhook for hooked.example/v1, Kind=Cache failed" in applied.detail
    assert "Done before: CustomResourceDefinition/caches.hooked.example, ConfigMap/" in applied.detail
    with pytest.raises(Unanswered, match="retry later"):
        shop.planned(shop.target("b", "app", webhook.definition, CACHE))
