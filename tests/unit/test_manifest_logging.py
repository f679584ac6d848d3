"""`logging` in platform.yaml: what the platform says, what an environment says besides, and mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.logging import DashboardsServer, ElasticsearchServer
from tasks.domain.platform import Platform
from tasks.domain.servers import Secret, Server
from tests.platforms import two_environments

URL = "https://search.{environment}.shop.example"
WHOLE = f"logging: {{elasticsearch: {{url: '{URL}', auth: {{api_key: {{variable: KEY}}}}, tls: {{ca: /ca.pem}}}}}}"


def load(folder: Path, logging: str = WHOLE, own: str = "") -> Platform:
    return two_environments.load(folder, logging, own)


def test_without_it_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, "").environment("dev").elasticsearch is None


def test_an_environment_says_only_what_differs(tmp_path: Path) -> None:
    own = "logging: {elasticsearch: {auth: {sigv4: {region: eu-west-1}}, headers: {X-Tenant: '{environment}'}}}"
    platform = load(tmp_path, own=own)
    assert platform.environment("dev").elasticsearch == ElasticsearchServer(
        "https://search.dev.shop.example", api_key=Secret(variable="KEY"), ca="/ca.pem"
    )
    assert platform.environment("production").elasticsearch == ElasticsearchServer(
        "https://search.production.shop.example", sigv4="eu-west-1", ca="/ca.pem", headers={"X-Tenant": "production"}
    )


def test_changes_may_be_authenticated_in_another_way(tmp_path: Path) -> None:
    own = (
        "logging: {elasticsearch: {write_auth: {basic: {username: writer, password: {file: '/run/{environment}'}}}}}"
    )
    platform = load(tmp_path, own=own)
    dev, production = (platform.environment(name).elasticsearch for name in ("dev", "production"))
    assert dev
    assert production
    assert dev.writing == dev
    assert production.api_key == Secret(variable="KEY")
    assert production.writing == Server(
        "https://search.production.shop.example",
        username="writer",
        password=Secret(file="/run/production"),
        service="es",
        ca="/ca.pem",
    )


def test_dashboards_are_declared_in_the_same_way(tmp_path: Path) -> None:
    own = (
        "logging: {dashboards: {url: 'https://kibana.shop.example/s/{environment}', auth: {bearer: {file: /token}}}}"
    )
    platform = load(tmp_path, own=own)
    assert platform.environment("dev").dashboards is None
    assert platform.environment("production").dashboards == DashboardsServer(
        "https://kibana.shop.example/s/production", bearer=Secret(file="/token")
    )
    assert platform.environment("production").elasticsearch is not None


@pytest.mark.parametrize(
    ("logging", "own", "told"),
    [
        ("logging: {elasticsearch: {}}", "", "url: is missing: add it here, or to `logging` of the platform"),
        ("logging: {dashboards: {tls: {ca: a}}}", "", "dashboards.url: is missing: add it here, or to `logging`"),
        ("logging: {elasticsearch: {url: search}}", "", "must be an address without a name and password"),
        ("logging: {elasticsearch: {url: 'http://{cluster}'}}", "", "{cluster} is not a placeholder here"),
        (WHOLE, "logging: {elasticsearch: {auth: {api_key: {}}}}", "needs exactly one of variable and file"),
        (
            WHOLE,
            "logging: {elasticsearch: {auth: {api_key: {file: a}, bearer: {file: b}}}}",
            "has api_key and bearer: requests are authenticated in one way",
        ),
        (WHOLE, "logging: {elasticsearch: {auth: {sigv4: {region: eu-west-1, service: s3}}}}", "Allowed: es, aoss"),
    ],
)
def test_mistakes_are_told_where_they_are(tmp_path: Path, logging: str, own: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(tmp_path, logging, own)
    assert told in str(raised.value)
