"""`monitoring` in platform.yaml: what the platform says, what an environment says besides, and mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.platform import Platform
from tasks.domain.servers import Secret
from tests.platforms import two_environments

URL = "monitoring: {prometheus: {url: 'https://prometheus.{environment}.shop.example/base'}}"
CHECK = "scraped: cart"


def load(folder: Path, monitoring: str = URL, own: str = "", check: str = CHECK) -> Platform:
    return two_environments.load(folder, monitoring, own, f"checks: [{{name: errors, kind: prometheus, {check}}}]")


def test_the_platform_says_where_metrics_are(tmp_path: Path) -> None:
    platform = load(tmp_path)
    assert platform.environment("dev").prometheus == PrometheusServer("https://prometheus.dev.shop.example/base")


def test_an_environment_says_only_what_differs(tmp_path: Path) -> None:
    whole = """monitoring:
  prometheus:
    url: https://prometheus.{environment}.shop.example
    auth: {basic: {username: flowmart, password: {variable: PASSWORD}}}
    headers: {X-Scope-OrgID: "{environment}"}
"""
    own = "monitoring: {prometheus: {auth: {bearer: {file: '/run/{environment}/token'}}, tls: {ca: /ca.pem}}}"
    platform = load(tmp_path, whole, own)
    assert platform.environment("dev").prometheus == PrometheusServer(
        "https://prometheus.dev.shop.example",
        username="flowmart",
        password=Secret(variable="PASSWORD"),
        headers={"X-Scope-OrgID": "dev"},
    )
    assert platform.environment("production").prometheus == PrometheusServer(
        "https://prometheus.production.shop.example",
        bearer=Secret(file="/run/production/token"),
        ca="/ca.pem",
        headers={"X-Scope-OrgID": "production"},
    )


@pytest.mark.parametrize(
    ("monitoring", "own", "check", "told"),
    [
        ("", "", CHECK, "kind: needs a Prometheus to ask: add `monitoring`"),
        (
            "monitoring: {prometheus: {}}",
            "",
            CHECK,
            "url: is missing: add it here, or to `monitoring` of the platform",
        ),
        ("monitoring: {prometheus: {url: prometheus}}", "", CHECK, "must be an address without a name and password"),
        ("monitoring: {prometheus: {url: 'http://a:99999'}}", "", CHECK, "url: has a host or a port that cannot be"),
        (f"monitoring: {{prometheus: {{url: 'http://{'a' * 70}.x'}}}}", "", CHECK, "url: has a host or a port that"),
        ("monitoring: {prometheus: {url: 'http://a/?b=c'}}", "", CHECK, "url: has a query or a fragment: write"),
        ("monitoring: {prometheus: {url: 'http://a:b@c'}}", "", CHECK, "must be an address without a name and pass"),
        ("monitoring: {prometheus: {url: 'http://{cluster}'}}", "", CHECK, "{cluster} is not a placeholder here"),
        (URL, "monitoring: {prometheus: {auth: {bearer: {}}}}", CHECK, "needs exactly one of variable and file"),
        (
            URL,
            "monitoring: {prometheus: {auth: {bearer: {file: a}, sigv4: {region: eu-west-1}}}}",
            CHECK,
            "has bearer and sigv4: requests are authenticated in one way",
        ),
        (URL, "monitoring: {prometheus: {tls: {key: a}}}", CHECK, "has a key and no certificate"),
        (URL, "", "query: 'rate(up)', at_most: 1", "is not valid PromQL: expected type matrix"),
        (URL, "", "query: 'up[5m]', at_most: 1", "gives a range of samples"),
        (URL, "", "query: up", "a query needs one of them"),
        (URL, "", "scraped: cart, at_most: 1", "are the limits of a query"),
        (URL, "", "scraped: cart, rules_loaded: cart", "needs exactly one of query, scraped, rules_loaded"),
        (URL, "", "query: up, at_most: much", "at_most: must be a number"),
    ],
)
def test_mistakes_are_told_where_they_are(tmp_path: Path, monitoring: str, own: str, check: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(tmp_path, monitoring, own, check)
    assert told in str(raised.value)


def test_braces_of_promql_are_no_placeholders(tmp_path: Path) -> None:
    platform = load(tmp_path, check="""query: 'sum(up{namespace="{environment}"})', at_least: 50%""")
    (check,) = manifest.resolve(platform, "production", "cart").checks
    assert check.options == {"query": 'sum(up{namespace="production"})', "at_least": "50%"}
