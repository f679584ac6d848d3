"""Secrets that a tool is given: in its state, where Terraform puts them, and in nothing that FlowMart writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.faults import at_once
from tests.platforms.mini import MiniPlatform

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
environments:
  dev:
    account: "222222222222"
    region: eu-west-1
    credentials:
      plan: {{SHOP_TOKEN: {{variable: SHOP_READER}}}}
      apply: {{SHOP_TOKEN: {{variable: SHOP_WRITER}}}}
units:
  first:
    engine: terraform
    source: terraform/first
    environments: [dev]
    secrets: {{TF_VAR_password: {{file: "{folder}/password"}}}}
  second:
    engine: terraform
    source: terraform/second
    environments: [dev]
    needs: [first]
    inputs: {{seen: "{{first.version}}"}}
"""
FIRST = """
terraform {{
  backend "local" {{ path = "{folder}/state/first.tfstate" }}
}}
variable "password" {{}}
resource "terraform_data" "database" {{
  input            = {{ password = var.password, text = "postgres://shop:${{var.password}}@db", v = "{version}" }}
  triggers_replace = "{version}"
  provisioner "local-exec" {{ command = "{then}" }}
}}
output "password" {{ value = var.password }}
output "version" {{ value = "{version}" }}
"""
SECOND = """
terraform {{
  backend "local" {{ path = "{folder}/state/second.tfstate" }}
}}
variable "seen" {{}}
resource "terraform_data" "app" {{ input = var.seen }}
"""
READER, WRITER, PASSWORD = "c4nary-reader-1234", "c4nary-writer-5678", "c4nary<pass&word>"
CANARY = "c4nary"


class Shop:
    """That platform, and its commands."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder, self.mini = folder, MiniPlatform(folder)
        (folder / "password").write_text(PASSWORD + "\n")
        self.mini.write("platform.yaml", PLATFORM.format(folder=folder))
        self.mini.write("terraform/second/main.tf", SECOND.format(folder=folder))
        self.paint("1", "true")
        own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "FLOWMART_", "PREFECT_"))}
        product = {
            "FLOWMART_REPOSITORY": str(self.mini.repository),
            "FLOWMART_STORE": str(folder / "store"),
            "FLOWMART_LOG_FOLDER": str(folder / "log"),
            "FLOWMART_SECRET_VARIABLES": "SHOP_*",
            "PREFECT_API_URL": at_once.NOWHERE,
            "TMPDIR": str(folder / "tmp"),
        }
        (folder / "tmp").mkdir()
        self._variables = {**own, **variables, **product, "SHOP_READER": READER, "SHOP_WRITER": WRITER}

    def paint(self, version: str, then: str) -> None:
        text = FIRST.format(folder=self._folder, version=version, then=then)
        self.mini.write("terraform/first/main.tf", text)
        self.mini.commit()

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command says, without a secret in it."""
        command = [sys.executable, "-m", "deployments.cli", *arguments]
        done = subprocess.run(
            command, cwd=at_once.PROJECT, env=self._variables, capture_output=True, text=True, timeout=600
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert CANARY not in said
        return said

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Every file but the state, and the file that the password comes from."""
        for file in sorted(path for path in self._folder.rglob("*") if path.is_file()):
            name = str(file.relative_to(self._folder))
            if not name.startswith(("state/", "password")):
                yield name, file.read_bytes()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with at_once.bucket() as variables:
        yield Shop(tmp_path, variables)


def test_no_plan_ledger_log_or_screen_shows_a_secret(shop: Shop, tmp_path: Path) -> None:
    shop.run("plan", "dev")
    shop.run("promote", "--to", "dev")
    assert CANARY in (tmp_path / "state/first.tfstate").read_text()
    shop.paint("2", "echo $TF_VAR_password $SHOP_TOKEN; exit 1")
    shop.run("promote", "--to", "dev", code=1)
    shop.run("drift", "dev")
    shop.run("show", "dev/2")
    found = [name for name, data in shop.written() if CANARY.encode() in data]
    assert found == []
    assert any(name.startswith("log/") for name, _ in shop.written())
