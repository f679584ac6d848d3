"""The HCL as Terraform takes it: every module does what its own tests say, and every root is valid.

The tests in the modules mock the provider, so they need its schema but no AWS. The schema comes from the sandbox's
stand-in, as it does for the product. What mocks cannot show, the order of changes that AWS insists on, is applied.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from tasks import aws

pytestmark = pytest.mark.sandbox

UNITS = ("networking", "database", "compute", "monitoring")
ROOTS = [f"environments/{environment}/{unit}" for environment in ("dev", "staging", "production") for unit in UNITS]
TESTED = [*(f"modules/{unit}" for unit in UNITS), "global"]

# A stuck command must not hold up the suite; nothing here takes more than seconds.
LIMIT = 300.0

NETWORK = """
provider "aws" {{
  region = "eu-west-1"
}}

module "networking" {{
  source = "{module}"

  name               = "flowmart-nat-modes"
  cidr_block         = "10.99.0.0/16"
  availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  nat_gateways       = "{mode}"
}}
"""


@pytest.fixture(scope="session")
def code(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the HCL: `terraform init` leaves a folder where it runs."""
    copy = tmp_path_factory.mktemp("code") / "terraform"
    shutil.copytree(
        project / "infrastructure" / "terraform", copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*")
    )
    return copy


@pytest.fixture(scope="session")
def environment(sandbox: Sandbox) -> Mapping[str, str]:
    """What the terraform command is started with: no credentials, and the provider from the sandbox's mirror."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return kept | {"TF_CLI_CONFIG_FILE": sandbox.variables["TF_CLI_CONFIG_FILE"], "TF_IN_AUTOMATION": "1"}


def terraform(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """What the command said. Fails the test, with all of it, when the command failed."""
    ran = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ran.returncode == 0, f"terraform {' '.join(arguments)} in {folder}:\n{ran.stdout}"
    return ran.stdout


def run_tests(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The summary of `terraform test`: how many runs passed, failed, unanswered, were skipped."""
    terraform(folder, environment, "init", "-backend=false", "-input=false", "-no-color")
    lines = terraform(folder, environment, "test", "-json").splitlines()
    summaries = [message["test_summary"] for message in map(json.loads, lines) if "test_summary" in message]
    assert len(summaries) == 1
    summary: dict[str, Any] = summaries[0]
    return summary


@pytest.mark.parametrize("module", TESTED)
def test_a_module_passes_its_own_tests(module: str, code: Path, environment: Mapping[str, str]) -> None:
    written = sum(path.read_text().count('\nrun "') for path in (code / module / "tests").glob("*.tftest.hcl"))
    summary = run_tests(code / module, environment)
    assert (summary["status"], summary["passed"], summary["skipped"]) == ("pass", written, 0)


def test_a_module_that_opens_another_port_fails_its_tests(
    code: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "networking"
    shutil.copytree(code / "modules" / "networking", folder, ignore=shutil.ignore_patterns(".terraform*"))
    rules = folder / "security_groups.tf"
    closed = "security_groups = [aws_security_group.load_balancer.id]"
    assert closed in rules.read_text()
    rules.write_text(rules.read_text().replace(closed, 'cidr_blocks = ["0.0.0.0/0"]'))
    with pytest.raises(AssertionError, match=r"0\.0\.0\.0/0 may enter at 80 and 443 of the load balancer"):
        run_tests(folder, environment)


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_is_valid(root: str, code: Path, environment: Mapping[str, str]) -> None:
    terraform(code / root, environment, "init", "-backend=false", "-input=false", "-no-color")
    assert json.loads(terraform(code / root, environment, "validate", "-json"))["diagnostics"] == []


@pytest.fixture
def applying(operator: Sandbox, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The command's variables, with credentials that may write in dev."""
    credentials = aws.assume(operator.platform.environment("dev").roles.apply, "eu-west-1", "tests")
    return {**environment, **operator.variables, **credentials.environment()}


def test_a_network_goes_to_a_nat_gateway_in_each_zone_and_back(
    code: Path, applying: Mapping[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    def apply(mode: str) -> int:
        (tmp_path / "main.tf").write_text(NETWORK.format(module=code / "modules" / "networking", mode=mode))
        terraform(tmp_path, applying, "init", "-input=false", "-no-color")
        terraform(tmp_path, applying, "apply", "-auto-approve", "-input=false", "-no-color")
        terraform(tmp_path, applying, "plan", "-detailed-exitcode", "-input=false", "-no-color")
        return count_gateways(sandbox)

    try:
        assert [apply(mode) for mode in ("single", "per_zone", "single")] == [1, 3, 1]
    finally:
        terraform(tmp_path, applying, "destroy", "-auto-approve", "-input=false", "-no-color")
    assert count_gateways(sandbox) == 0


def count_gateways(sandbox: Sandbox) -> int:
    """How many NAT gateways of this test's network work."""
    gateways = sandbox.administrator("dev")("ec2").describe_nat_gateways(
        Filters=[
            {"Name": "state", "Values": ["available"]},
            {"Name": "tag:Name", "Values": ["flowmart-nat-modes-*"]},
        ]
    )
    return len(gateways["NatGateways"])
