"""Terragrunt units on AWS, states in S3: planned with outputs of each other, drifted, repaired and removed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Action, Plan
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.terraform.commands import LOCK_FILE
from tasks.engines.terragrunt import commands
from tasks.engines.terragrunt.engine import Terragrunt
from tests.contract.aws_provider.world import HEADER, REGION, Root
from tests.peers.terragrunts import PROGRAM
from tests.platforms.workspaces import workspace

BUCKET = "shop-states"
ROOT = f"""
remote_state {{
  backend  = "s3"
  generate = {{ path = "backend.tf", if_exists = "overwrite" }}
  config = {{
    bucket         = "{BUCKET}"
    key            = "${{path_relative_to_include()}}/terraform.tfstate"
    region         = "{REGION}"
    encrypt        = true
    use_lockfile   = true
    use_path_style = true
  }}
}}
generate "provider" {{
  path      = "provider.tf"
  if_exists = "overwrite"
  contents  = <<EOF
{HEADER}
provider "aws" {{}}
EOF
}}
"""
INCLUDE = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'
UNITS = {
    "orders": 'terraform {\n  source = "../modules//topic"\n}\ninputs = { name = "orders", shown = "Orders" }\n',
    "mail": """
terraform {
  source = "../modules//topic"
}
dependency "orders" {
  config_path  = "../orders"
  mock_outputs = { shown = "mock" }
}
inputs = {
  name  = "mail"
  shown = "for ${dependency.orders.outputs.shown}"
}
""",
}
MODULE = """
variable "name" { type = string }
variable "shown" { type = string }
resource "aws_sns_topic" "this" {
  name         = var.name
  display_name = var.shown
}
output "shown" { value = aws_sns_topic.this.display_name }
"""


class Shop:
    """Two units in an account of their own."""

    def __init__(self, root: Root, folder: Path) -> None:
        self.root, self.infrastructure = root, folder / "infrastructure"
        self.receipts: dict[str, Receipt] = {}
        self.bucket = f"{BUCKET}-{root.account}"
        place = {"LocationConstraint": REGION}
        root.client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        self.write("root.hcl", ROOT.replace(BUCKET, self.bucket))
        self.write("modules/topic/main.tf", MODULE)
        for unit, content in UNITS.items():
            self.write(f"{unit}/terragrunt.hcl", f"{INCLUDE}{content}")
        self.lock(folder)

    def lock(self, folder: Path) -> None:
        """Give both units the lock file that Terragrunt writes for one, as a release would."""
        variables = {**os.environ, **self.variables(), **commands.variables("terraform", folder / "downloads")}
        command = (PROGRAM, "run", "--", "init", "-backend=false")
        subprocess.run(command, cwd=self.infrastructure / "orders", env=variables, check=True, timeout=300)
        shutil.copy(self.infrastructure / "orders" / LOCK_FILE, self.infrastructure / "mail")

    def write(self, path: str, content: str) -> None:
        place = self.infrastructure / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def variables(self) -> dict[str, str]:
        kept = ("AWS_", "TF_CLI_CONFIG_FILE")
        return {name: value for name, value in self.root.environment.items() if name.startswith(kept)}

    def workspace(self, unit: str, **options: Any) -> Workspace:
        declared = Unit(unit, "terragrunt", unit, ("dev",), time_limit=120.0, options=options)
        others = [Unit(name, "terragrunt", name, ("dev",)) for name in UNITS if name != unit]
        known: dict[str, Any] = {"executable": PROGRAM, "beside": "terraform", "neighbours": lambda: others}
        known |= {"reading": self.variables, "writing": self.variables, "receipt": self.receipts.get(unit)}
        return workspace(self.infrastructure, declared, Environment("dev"), **known)

    def engine(self, unit: str) -> Terragrunt:
        return Terragrunt(self.workspace(unit))

    def promote(self, unit: str, inputs: Inputs) -> Receipt:
        plan = self.engine(unit).plan(inputs)
        applied = self.engine(unit).apply(plan)
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        self.receipts[unit] = _receipt(unit, plan, applied)
        assert self.engine(unit).settle(self.receipts[unit]) == ()
        return self.receipts[unit]

    def topic(self, name: str) -> tuple[str, str]:
        """A topic's ARN, and what it is called for people."""
        sns = self.root.client("sns")
        (arn,) = [each["TopicArn"] for each in sns.list_topics()["Topics"] if each["TopicArn"].endswith(f":{name}")]
        return arn, sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]


def _receipt(unit: str, plan: Plan, applied: Applied) -> Receipt:
    return Receipt("dev/1", Target("one", "dev", unit), "", "", plan.digest, applied.outputs, "", applied.details)


@pytest.fixture
def shop(root: Root, tmp_path: Path) -> Shop:
    return Shop(root, tmp_path)


def test_units_on_aws_are_applied_drift_is_found_and_repaired_and_a_rollback_removes_them(shop: Shop) -> None:
    orders = shop.promote("orders", Inputs())
    assert orders.details["state"] == f"s3://{shop.bucket}/orders/terraform.tfstate"
    mail = shop.promote("mail", Inputs(upstream={"orders": orders.outputs}))
    arn, shown = shop.topic("mail")
    assert shown == "for Orders"
    assert shop.engine("mail").detect_drift(mail).changes == ()

    shop.root.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="by hand")
    (drifted,) = shop.engine("mail").detect_drift(mail).changes
    assert (drifted.address, drifted.attributes) == ("aws_sns_topic.this", ("display_name",))
    shop.promote("mail", Inputs(upstream={"orders": orders.outputs}))
    assert shop.topic("mail") == (arn, "for Orders")

    failed = replace(shop.workspace("mail"), receipt=None)
    plan = Terragrunt(failed).plan_rollback(failed, None)
    assert plan is not None
    assert [change.action for change in plan.changes] == [Action.DELETE]
    assert Terragrunt(failed).apply(plan).outcome is Outcome.SUCCEEDED
    assert [each["TopicArn"] for each in shop.root.client("sns").list_topics()["Topics"]] == [shop.topic("orders")[0]]


WHO = """
data "aws_caller_identity" "plan" {}
data "aws_caller_identity" "apply" { depends_on = [aws_sns_topic.this] }
output "planned_by" { value = data.aws_caller_identity.plan.arn }
output "applied_by" { value = data.aws_caller_identity.apply.arn }
"""


def test_a_unit_with_iam_role_is_planned_and_applied_in_the_roles_that_stand_for_it(shop: Shop) -> None:
    shop.write("modules/topic/main.tf", MODULE + WHO)
    role = f"arn:aws:iam::{shop.root.account}:role"
    shop.write("orders/terragrunt.hcl", f'{INCLUDE}iam_role = "{role}/deployer"\n{UNITS["orders"]}')
    roles = {"plan": f"{role}/reader", "apply": f"{role}/writer"}
    workspace = shop.workspace("orders", iam_roles=roles)
    plan = Terragrunt(workspace).plan(Inputs())
    assert f"its iam_role {role}/deployer is not used: {role}/reader plans, {role}/writer applies" in plan.warnings
    applied = Terragrunt(workspace).apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert [applied.outputs[name].split("/")[1] for name in ("planned_by", "applied_by")] == ["reader", "writer"]
