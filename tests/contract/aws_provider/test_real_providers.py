"""Real providers beside the stand-in: what always changes, a provider that dies, files, data from elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from deployments.sandbox.aws_provider.install import install
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.residual import differences_beyond
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tests.contract.aws_provider.world import Root, World
from tests.peers.real_providers import MIRROR
from tests.platforms import terraform_roots
from tests.platforms.terraform_roots import applied, planned, receipt, settled
from tests.servers.descendants import awaited_descendant

PROVIDERS = """
terraform {
  required_providers {
    aws   = { source = "hashicorp/aws" }
    http  = { source = "hashicorp/http" }
    local = { source = "hashicorp/local" }
    time  = { source = "hashicorp/time" }
  }
}
provider "aws" {}
"""
ALWAYS = """
resource "time_static" "now" { triggers = { at = timestamp() } }
resource "aws_sns_topic" "orders" {
  name         = "orders"
  display_name = "NAME"
}
"""
SLOW = """
resource "time_static" "begun" {}
resource "terraform_data" "begun" {
  input = time_static.begun.id
  provisioner "local-exec" { command = "touch MARK" }
}
resource "time_sleep" "long" {
  triggers        = { after = time_static.begun.id }
  create_duration = "60s"
}
"""
FILE = """
resource "local_file" "note" {
  filename = "${path.module}/out.txt"
  content  = "written by the root"
}
resource "aws_sns_topic" "orders" { name = "orders" }
"""
SECRET = """
data "http" "password" { url = "ADDRESS" }
resource "terraform_data" "copy" { input = sensitive(data.http.password.body) }
"""


@pytest.fixture
def roots(
    moto: str,
    warm_server: Path,
    accounts: Iterator[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> terraform_roots.Root:
    """Releases in the account of a user who has a mirror of real providers."""
    own = tmp_path / "own.tfrc"
    own.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{MIRROR}"\n  }}\n}}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    root = Root(World(moto, install(tmp_path / "mirror", warm_server)), tmp_path, next(accounts))
    return terraform_roots.Root(tmp_path, variables=lambda: variables(root))


def variables(root: Root) -> Mapping[str, str]:
    """What leads terraform to AWS, and to the providers."""
    return {name: value for name, value in root.environment.items() if name.startswith(("AWS_", "TF_"))}


def release(roots: terraform_roots.Root, code: str) -> Workspace:
    return roots.release(PROVIDERS + code)


def test_what_always_changes_is_put_back_once_and_verified(roots: terraform_roots.Root) -> None:
    good = release(roots, ALWAYS.replace("NAME", "good"))
    applied(good)
    good, residual = settled(good)
    assert [change.address for change in residual] == ["time_static.now"]
    bad = release(roots, ALWAYS.replace("NAME", "bad"))
    plan = planned(bad)
    assert Terraform(bad).apply(plan).outcome is Outcome.SUCCEEDED
    back = Terraform(good).plan_rollback(replace(bad, state_changes=plan.state_changes), receipt(good))
    assert back is not None
    assert Terraform(good).apply(back).outcome is Outcome.SUCCEEDED
    assert differences_beyond(residual, Terraform(good).verify().differences) == ()


def test_an_apply_whose_provider_is_killed_is_unanswered_and_observed(
    roots: terraform_roots.Root, tmp_path: Path
) -> None:
    mark = tmp_path / "begun"
    workspace = release(roots, SLOW.replace("MARK", str(mark)))
    plan = planned(workspace)

    def kill() -> None:
        while not mark.exists():
            threading.Event().wait(0.05)
        awaited_descendant(psutil.Process(), "", "terraform-provider-time").kill()

    threading.Thread(target=kill, daemon=True).start()
    result = Terraform(workspace).apply(plan)
    assert result.outcome is Outcome.UNANSWERED, result.detail
    assert Terraform(workspace).observe(plan).progress is Progress.PARTIAL


def test_a_file_that_a_root_writes_below_itself_is_no_drift(roots: terraform_roots.Root) -> None:
    applied(release(roots, FILE))
    later, _ = settled(release(roots, FILE))
    assert Terraform(later).detect_drift(receipt(later)).empty


class Passwords(BaseHTTPRequestHandler):
    """Another answer for each path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(self.server.password.encode())  # type: ignore[attr-defined]


@pytest.fixture
def passwords() -> Iterator[ThreadingHTTPServer]:
    """A server of a secret."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Passwords) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_secret_from_a_data_source_is_shown_nowhere_and_another_one_is_another_plan(
    roots: terraform_roots.Root, passwords: ThreadingHTTPServer
) -> None:
    code = SECRET.replace("ADDRESS", f"http://127.0.0.1:{passwords.server_address[1]}/")
    plans = []
    for password in ("correct-horse", "battery-staple"):
        passwords.password = password  # type: ignore[attr-defined]
        plans.append(planned(release(roots, code)))
        assert password not in f"{plans[-1].text}{plans[-1].changes}"
    assert plans[0].secrets != plans[1].secrets
