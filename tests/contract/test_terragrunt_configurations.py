"""Configurations of Terragrunt's as people write them, promoted with the real binary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import Live

SOURCE = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//said"
}
"""
EPHEMERAL = """
variable "name" { type = string }
variable "token" {
  type      = string
  ephemeral = true
}
resource "terraform_data" "it" {
  provisioner "local-exec" {
    command     = "test $TOKEN = t0ken"
    environment = { TOKEN = var.token }
  }
}
output "said" { value = var.name }
"""


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
    return Live(tmp_path)


SAID = """
variable "name" { type = string }
output "said" { value = var.name }
"""
MOCKED = """
dependency "first" {
  config_path  = "../first"
  skip_outputs = true
  mock_outputs = { said = "mock" }
}
"""


def promoted(live: Live, module: str, configuration: str) -> str:
    """What a repository of one unit says once it is applied."""
    live.write("modules/said/main.tf", module)
    live.reduce({"first": SOURCE + configuration})
    live.promote(live.release())
    return str(live.outputs("eu-west-1/first")["said"])


def test_an_apply_gets_inputs_that_no_saved_plan_holds(live: Live) -> None:
    assert promoted(live, EPHEMERAL, 'inputs = { token = "t0ken" }\n') == "dev-eu-west-1"


def test_mocks_that_every_plan_would_hold_are_refused_when_the_release_is_made(live: Live) -> None:
    live.write("modules/said/main.tf", SAID)
    live.reduce({"first": SOURCE, "second": SOURCE + MOCKED})
    with pytest.raises(InvalidInput, match=r"/second: dependency first skips outputs, so its mocks would be applied"):
        live.release()
