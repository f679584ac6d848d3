"""Charts from a registry and from a repository become part of the release, pulled by the real helm."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tasks.domain.errors import InvalidInput, Unanswered
from tasks.domain.platform import Unit
from tasks.engines.base import Fetching
from tasks.engines.helm import charts
from tasks.engines.helm.vendoring import lock_digest, vendor
from tasks.processes import Processes
from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform
from tests.servers.certificates import certificates
from tests.servers.chart_registry import ChartServer, serving

LOGIN = "somebody:1e10"
"""A password that is a number for whoever reads YAML, unless it is quoted."""
UNIT = Unit("shop", "helm", "shop", ("dev",))
PLATFORM = """
platform: flowmart
environments:
  dev: {cluster: {plan: dev-plan, apply: dev-apply}}
units:
  shop: {engine: helm, source: shop, environments: [dev], inputs: {namespace: shop}}
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The chart `lib` in two versions, packed by helm."""
    folder = tmp_path_factory.mktemp("lib")
    found = {}
    for version in ("1.2.0", "1.3.0"):
        chart(folder / version / "lib", version=version)
        subprocess.run([tool("helm"), "package", str(folder / version / "lib"), "-d", str(folder)], check=True)
        found[version] = (folder / f"lib-{version}.tgz").read_bytes()
    return found


@pytest.fixture
def server(tmp_path: Path, archives: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[ChartServer]:
    """Has version 1.2.0. helm trusts it, and knows nobody's login."""
    made = certificates(tmp_path)
    config = tmp_path / "helm"
    config.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(config))
    monkeypatch.setenv("HELM_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CONFIG", "HELM_REPOSITORY_CACHE"):
        monkeypatch.delenv(name, raising=False)
    with serving(made, LOGIN) as served:
        served.offer("lib", "1.2.0", archives["1.2.0"])
        yield served


def log_in(server: ChartServer, config: Path) -> None:
    """What `helm registry login` and `helm repo add` leave behind."""
    auth = base64.b64encode(LOGIN.encode()).decode()
    (config / "registry").mkdir()
    (config / "registry/config.json").write_text(json.dumps({"auths": {server.address: {"auth": auth}}}))
    user, _, password = LOGIN.partition(":")
    entry = {"name": "own", "url": server.repository, "username": user, "password": password}
    (config / "repositories.yaml").write_text(json.dumps({"apiVersion": "", "repositories": [entry]}))


def chart(folder: Path, *dependencies: dict[str, str], version: str = "1.0.0") -> Path:
    (folder / "templates").mkdir(parents=True)
    declared = {"apiVersion": "v2", "name": folder.name, "version": version}
    (folder / "Chart.yaml").write_text(yaml.safe_dump({**declared, "dependencies": list(dependencies)}))
    (folder / "templates/settings.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n"
    )
    return folder


def lib(place: str, version: str = "1.x.x") -> dict[str, str]:
    return {"name": "lib", "version": version, "repository": place}


def pulled(root: Path) -> list[str]:
    return sorted(file.name for file in (root / "shop/charts").glob("*"))


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_charts_of_repositories_are_pulled_with_the_users_logins(
    helm: str, server: ChartServer, tmp_path: Path
) -> None:
    log_in(server, tmp_path / "helm")
    for number, place in enumerate((server.repository, "@own", "alias:own")):
        root = tmp_path / str(number)
        chart(root / "shop", lib(place))
        vendor(root, UNIT, Fetching(tool(helm), Processes()))
        assert pulled(root) == ["lib-1.2.0.tgz"], place


def test_a_repository_or_registry_is_asked_instead_of_those_that_charts_name(
    server: ChartServer, tmp_path: Path
) -> None:
    log_in(server, tmp_path / "helm")
    for number, instead in enumerate((server.repository, server.registry)):
        root = tmp_path / str(number)
        chart(root / "shop", lib("https://charts.invalid", "1.2.0"))
        vendor(root, UNIT, Fetching(tool("helm"), Processes(), instead))
        assert pulled(root) == ["lib-1.2.0.tgz"], instead


def test_charts_of_registries_are_pulled_with_the_users_logins(server: ChartServer, tmp_path: Path) -> None:
    """By helm 4: helm 3 speaks no TLS to a registry on loopback."""
    log_in(server, tmp_path / "helm")
    chart(tmp_path / "shop", lib(server.registry, "1.2.0"))
    vendor(tmp_path, UNIT, Fetching(tool("helm"), Processes()))
    assert pulled(tmp_path) == ["lib-1.2.0.tgz"]


def test_helm_3_pulls_charts_of_registries_too(
    server: ChartServer, archives: dict[str, bytes], tmp_path: Path
) -> None:
    with serving(None, LOGIN) as plain:
        plain.offer("lib", "1.2.0", archives["1.2.0"])
        chart(tmp_path / "shop", lib(plain.registry, "1.2.0"))
        with pytest.raises(InvalidInput, match="log in"):
            vendor(tmp_path, UNIT, Fetching(tool("helm3"), Processes()))
        log_in(plain, tmp_path / "helm")
        vendor(tmp_path, UNIT, Fetching(tool("helm3"), Processes()))
    assert pulled(tmp_path) == ["lib-1.2.0.tgz"]


@pytest.mark.parametrize("place", ["http://127.0.0.1:1", "oci://127.0.0.1:1/charts"])
def test_a_repository_that_does_not_respond_is_no_mistake(tmp_path: Path, place: str) -> None:
    chart(tmp_path / "shop", lib(place, "1.2.0"))
    with pytest.raises(Unanswered, match=r"shop: dependency lib 1\.2\.0 of .* cannot be taken into the release"):
        vendor(tmp_path, UNIT, Fetching(tool("helm"), Processes()))


def test_without_a_login_nothing_is_had_and_the_error_says_what_to_do(server: ChartServer, tmp_path: Path) -> None:
    for number, place in enumerate((server.registry, server.repository, "@nobody")):
        chart(tmp_path / str(number) / "shop", lib(place, "1.2.0"))
        with pytest.raises(InvalidInput, match=r"shop: dependency lib 1\.2\.0 of .* log in \(helm registry login"):
            vendor(tmp_path / str(number), UNIT, Fetching(tool("helm"), Processes()))


def test_a_release_has_them_and_stays_the_same_when_the_repository_has_newer_ones(
    server: ChartServer, archives: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(server, tmp_path / "helm")
    monkeypatch.setenv("FLOWMART_HELM", tool("helm"))
    mini = MiniPlatform(tmp_path / "mini")
    mini.write("platform.yaml", PLATFORM)
    folder = chart(mini.repository / "infrastructure/shop", lib(server.repository))
    lock = [{"name": "lib", "repository": server.repository, "version": "1.2.0"}]
    digest = lock_digest(charts.declared(folder), lock)
    (folder / "Chart.lock").write_text(yaml.safe_dump({"dependencies": lock, "digest": digest}))
    first = mini.release()
    server.offer("lib", "1.3.0", archives["1.3.0"])
    assert mini.release("again").id == first.id
    infrastructure = mini.releases.checkout(first.id, tmp_path / "checkout")
    assert charts.reads(infrastructure, "shop") == (
        "shop/Chart.lock",
        "shop/Chart.yaml",
        "shop/charts/lib-1.2.0.tgz",
        "shop/templates/settings.yaml",
    )


def test_a_lock_of_other_dependencies_is_refused(server: ChartServer, tmp_path: Path) -> None:
    folder = chart(tmp_path / "shop", lib(server.repository, "^2.0.0"))
    lock = [{"name": "lib", "repository": server.repository, "version": "1.2.0"}]
    digest = lock_digest([lib(server.repository)], lock)
    (folder / "Chart.lock").write_text(yaml.safe_dump({"dependencies": lock, "digest": digest}))
    with pytest.raises(InvalidInput, match="run helm dependency update"):
        vendor(tmp_path, UNIT, Fetching(tool("helm"), Processes()))
    assert server.asked == []


def test_what_is_in_charts_already_is_not_pulled(
    server: ChartServer, archives: dict[str, bytes], tmp_path: Path
) -> None:
    folder = chart(tmp_path / "shop", lib(server.registry))
    (folder / "charts").mkdir()
    (folder / "charts/lib-1.3.0.tgz").write_bytes(archives["1.3.0"])
    vendor(tmp_path, UNIT, Fetching(tool("helm"), Processes()))
    assert (pulled(tmp_path), server.asked) == (["lib-1.3.0.tgz"], [])
