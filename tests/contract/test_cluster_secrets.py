"""Secrets of objects in a cluster: in the cluster, and in nothing that FlowMart writes."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import PROJECT, SandboxCluster

PLATFORM = """
platform: shop
environments:
  dev:
    cluster: {plan: dev-admin, apply: dev-admin}
units:
  keys: {engine: kustomize, source: keys, environments: [dev], time_limit: 60s}
  web:
    engine: helm
    source: web
    environments: [dev]
    needs: [keys]
    time_limit: 60s
    inputs: {namespace: default, values: {api: {token: c4nary-of-platform}}}
"""
KUSTOMIZATION = """
namespace: default
secretGenerator: [{{name: keys, literals: [password={password}], options: {{disableNameSuffixHash: true}}}}]
resources: [more.yaml]
"""
MORE = """
apiVersion: v1
kind: Secret
metadata: {{name: more}}
stringData: {{key: {key}}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: {{ .Release.Namespace }}}
stringData: {password: {{ .Values.database.password | quote }}, token: {{ .Values.api.token | quote }}}
{{ if .Values.broken }}{{ fail (printf "cannot use %s and %s" .Values.database.password .Values.api.token) }}{{ end }}
"""
VALUES = "database: {{password: {password}}}\nbroken: {broken}\n"
CANARY = "c4nary"
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode().rstrip("="))


class Shop:
    """That platform, and its commands."""

    def __init__(self, folder: Path, cluster: SandboxCluster) -> None:
        self._folder, self.mini = folder, MiniPlatform(folder)
        self.mini.write("platform.yaml", PLATFORM)
        self.mini.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
        self.mini.write("web/templates/secret.yaml", SECRET)
        self.paint("first")
        own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "FLOWMART_", "PREFECT_"))}
        product = {
            "FLOWMART_REPOSITORY": str(self.mini.repository),
            "FLOWMART_STORE": str(folder / "store"),
            "FLOWMART_LOG_FOLDER": str(folder / "log"),
            "FLOWMART_PROFILE": "none",
            "FLOWMART_ACTOR": "tester",
            "PREFECT_API_URL": "http://127.0.0.1:1/api",
            "KUBECONFIG": str(cluster.kubeconfig),
            "TMPDIR": str(folder / "tmp"),
        }
        (folder / "tmp").mkdir()
        self._variables = {**own, **product}

    def paint(self, version: str, broken: str = "false") -> None:
        """Other secrets; with `broken` the chart cannot be rendered, and says why with its secrets."""
        self.mini.write("keys/kustomization.yaml", KUSTOMIZATION.format(password=f"{CANARY}-password-{version}"))
        self.mini.write("keys/more.yaml", MORE.format(key=f"{CANARY}-key-{version}"))
        values = VALUES.format(password=f"{CANARY}-database-{version}", broken=broken)
        self.mini.write("web/values/dev.yaml", values)
        self.mini.commit()

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command says, without a secret in it."""
        command = [sys.executable, "-m", "deployments.cli", *arguments]
        done = subprocess.run(command, cwd=PROJECT, env=self._variables, capture_output=True, text=True, timeout=600)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert not [form for form in FORMS if form in said], said
        return said

    def leaks(self) -> list[str]:
        """Every file that was written and shows a secret: the store, the log, whatever was left anywhere."""
        files = [file for place in ("store", "log", "tmp") for file in (self._folder / place).rglob("*")]
        texts = {file: file.read_bytes() for file in files if file.is_file()}
        assert any("ledger" in str(file) for file in texts)
        return [str(file) for file, data in texts.items() if any(form.encode() in data for form in FORMS)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SandboxCluster]:
    place = tmp_path / "cluster"
    place.mkdir()
    made = SandboxCluster(place)
    yield made
    made.stop()


def test_no_plan_ledger_log_or_screen_shows_a_secret_of_a_cluster(cluster: SandboxCluster, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    place.mkdir()
    shop = Shop(place, cluster)
    shop.run("promote", "--to", "dev")
    found = cluster.object("secret", "web", "-n", "default")["data"]
    assert base64.b64decode(found["token"]).decode() == "c4nary-of-platform"
    patch = '{"stringData": {"password": "c4nary-by-hand", "key": "c4nary-by-hand"}}'
    for name in ("web", "more"):
        cluster.kubectl("patch", "secret", name, "-n", "default", "--type=merge", "-p", patch)
    assert "(sensitive value" in shop.run("drift", "dev", code=2)
    shop.paint("second", broken="true")
    said = shop.run("promote", "--to", "dev", "--accept-drift", "known", code=1)
    assert "cannot use (sensitive value) and (sensitive value)" in said
    shop.run("show", "dev/2")
    assert shop.leaks() == []
