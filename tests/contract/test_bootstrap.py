"""`bootstrap` against the sandbox's AWS: what it makes, that it is idempotent, and when it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from deployments.sandbox import Sandbox
from tasks.bootstrap import AppliedSetting, bootstrap, state_bucket
from tasks.bootstrap.buckets import OURS
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.platform import Environment, Platform, Roles, Unit
from tests.formats import outputs

pytestmark = pytest.mark.sandbox


@pytest.fixture
def administrator(sandbox: Sandbox) -> Callable[[str], Any]:
    return sandbox.administrator("dev")


@pytest.fixture
def platform(sandbox: Sandbox) -> Platform:
    return sandbox.platform


@pytest.fixture
def infrastructure(project: Path) -> Path:
    return project / "infrastructure"


@pytest.fixture
def fresh(platform: Platform, administrator: Callable[[str], Any]) -> Iterator[Platform]:
    """The platform with an environment of its own in dev's account, which nobody has prepared."""
    dev = platform.environment("dev")
    roles = Roles(plan=dev.role("plan") + "-trial", apply=dev.role("apply") + "-trial")
    trial = replace(dev, name="trial", roles=roles)
    yield replace(platform, environments=(*platform.environments, trial))
    remove(trial, administrator)


def remove(environment: Environment, client: Callable[[str], Any], platform: str = "flowmart") -> None:
    client("s3").delete_bucket(Bucket=state_bucket(platform, environment))
    for arn in (environment.role("plan"), environment.role("apply")):
        role = arn.rpartition("/")[2]
        client("iam").delete_role_policy(RoleName=role, PolicyName=platform)
        client("iam").delete_role(RoleName=role)


def done(steps: tuple[AppliedSetting, ...]) -> set[str]:
    return {step.done for step in steps}


def test_it_makes_everything_once_and_then_says_that_it_is_right(
    fresh: Platform, infrastructure: Path, administrator: Callable[[str], Any]
) -> None:
    first = bootstrap(fresh, "trial", infrastructure, administrator)
    second = bootstrap(fresh, "trial", infrastructure, administrator)
    assert [step.name for step in first if step.done == "created"] == [
        "bucket flowmart-trial-tfstate-222222222222",
        "bucket flowmart-trial-tfstate-222222222222, versioning",
        "bucket flowmart-trial-tfstate-222222222222, encryption",
        "bucket flowmart-trial-tfstate-222222222222, closed to the public",
        "bucket flowmart-trial-tfstate-222222222222, only over TLS",
        "bucket flowmart-trial-tfstate-222222222222, tags",
        "role flowmart-plan-trial",
        "role flowmart-plan-trial, what it may do",
        "role flowmart-apply-trial",
        "role flowmart-apply-trial, what it may do",
    ]
    outputs.check("bootstrap", [asdict(step) for step in (*first, *second)])
    assert done(second) == {"already right"}


def test_two_platforms_share_an_account_and_do_not_meet(
    platform: Platform, infrastructure: Path, administrator: Callable[[str], Any]
) -> None:
    dev = platform.environment("dev")
    own = Roles(*(f"arn:aws:iam::{dev.account}:role/shop-{purpose}" for purpose in ("plan", "apply")))
    shop = replace(platform, name="shop", environments=(replace(dev, roles=own),))
    # Who may assume a role is right as soon as the role is there.
    assert done(bootstrap(shop, "dev", infrastructure, administrator)) == {"created", "already right"}
    assert done(bootstrap(platform, "dev", infrastructure, administrator)) == {"already right"}
    remove(shop.environment("dev"), administrator, "shop")


def test_it_corrects_what_somebody_changed_and_nothing_else(
    platform: Platform, infrastructure: Path, administrator: Callable[[str], Any]
) -> None:
    bucket = state_bucket(platform.name, platform.environment("dev"))
    administrator("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    anyone = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    administrator("iam").update_assume_role_policy(RoleName="flowmart-plan", PolicyDocument=document)

    steps = bootstrap(platform, "dev", infrastructure, administrator)

    assert [step.name for step in steps if step.done != "already right"] == [
        f"bucket {bucket}, versioning",
        "role flowmart-plan, who may assume it",
    ]
    assert {step.done for step in steps} == {"already right", "corrected"}
    assert done(bootstrap(platform, "dev", infrastructure, administrator)) == {"already right"}


def test_the_state_bucket_is_versioned_encrypted_and_closed(
    platform: Platform, administrator: Callable[[str], Any]
) -> None:
    s3, here = administrator("s3"), {"Bucket": state_bucket(platform.name, platform.environment("dev"))}
    encryption = s3.get_bucket_encryption(**here)["ServerSideEncryptionConfiguration"]["Rules"][0]
    policy = json.loads(s3.get_bucket_policy(**here)["Policy"])["Statement"][0]
    assert s3.get_bucket_versioning(**here)["Status"] == "Enabled"
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(s3.get_public_access_block(**here)["PublicAccessBlockConfiguration"].values()) == {True}
    assert (policy["Effect"], policy["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_it_refuses_an_account_that_is_not_the_environments(
    sandbox: Sandbox, platform: Platform, infrastructure: Path
) -> None:
    with pytest.raises(Refused) as refusal:
        bootstrap(platform, "production", infrastructure, sandbox.administrator("staging"))
    assert str(refusal.value) == (
        "prepare production: its account is 444444444444, but the credentials in use are "
        "arn:aws:sts::333333333333:assumed-role/administrator/sandbox in 333333333333; "
        "use administrator credentials of 444444444444"
    )


def test_it_refuses_people_who_may_not_do_this(operator: Sandbox, platform: Platform, infrastructure: Path) -> None:
    session: Any = boto3.Session(region_name="eu-west-1")
    assert operator.variables["AWS_ACCESS_KEY_ID"] == session.get_credentials().access_key
    with pytest.raises(Refused, match="could not prepare the account of shared"):
        bootstrap(platform, "shared", infrastructure, session.client)


def test_an_unknown_environment_is_named_with_those_that_exist(
    platform: Platform, infrastructure: Path, administrator: Callable[[str], Any]
) -> None:
    with pytest.raises(InvalidInput, match=r"qa: no such environment; platform.yaml has shared, dev, staging, prod"):
        bootstrap(platform, "qa", infrastructure, administrator)


# --- backends that Terraform roots name ---------------------------------------------------------------------------

ROOT = """
terraform {
  backend "s3" {
    bucket         = "{bucket}"
    key            = "app.tfstate"
    region         = "eu-central-1"
    dynamodb_table = "their-locks"
  }
}
"""


@pytest.fixture
def theirs(tmp_path: Path, platform: Platform) -> tuple[Platform, Path]:
    """A platform with two roots whose states are in a bucket of its own choice, and with roles below a path."""
    for name in ("network", "app"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(ROOT.replace("{bucket}", "their-states"))
    dev = platform.environment("dev")
    roles = Roles(*(f"arn:aws:iam::{dev.account}:role/deploy/theirs-{purpose}" for purpose in ("plan", "apply")))
    units = tuple(Unit(name, "terraform", name, ("dev",)) for name in ("network", "app"))
    return replace(platform, name="theirs", environments=(replace(dev, roles=roles),), units=units), tmp_path


def test_buckets_and_tables_that_roots_name_are_made_and_the_roles_reach_them(
    theirs: tuple[Platform, Path], administrator: Callable[..., Any]
) -> None:
    platform, infrastructure = theirs
    made = [step.name for step in bootstrap(platform, "dev", infrastructure, administrator) if step.done == "created"]
    assert "bucket their-states" in made
    assert "lock table their-locks" in made
    assert made.count("bucket their-states") == 1
    where = administrator("s3").get_bucket_location(Bucket="their-states")
    assert where["LocationConstraint"] == "eu-central-1"

    iam = administrator("iam")
    assert iam.get_role(RoleName="theirs-plan")["Role"]["Arn"].endswith(":role/deploy/theirs-plan")
    policy = iam.get_role_policy(RoleName="theirs-apply", PolicyName="theirs")["PolicyDocument"]["Statement"]
    told = {each["Sid"]: each["Resource"] for each in policy}
    assert "arn:aws:s3:::their-states/*" in told["ReadAndWriteState"]
    assert told["LockStatesInTables"] == ["arn:aws:dynamodb:eu-central-1:222222222222:table/their-locks"]
    assert "arn:aws:s3:::their-states" in told["NeverItsOwnPowersNorTheStateBucket"]
    assert {"arn:aws:iam::222222222222:role/deploy/theirs-plan"} < {*told["NeverItsOwnPowersNorTheStateBucket"]}

    assert done(bootstrap(platform, "dev", infrastructure, administrator)) == {"already right"}


def test_a_bucket_that_is_there_is_left_as_its_owner_has_it(
    theirs: tuple[Platform, Path], administrator: Callable[..., Any]
) -> None:
    platform, infrastructure = theirs
    for name in ("network", "app"):
        (infrastructure / name / "main.tf").write_text(ROOT.replace("{bucket}", "long-there"))
    place = {"LocationConstraint": "eu-central-1"}
    administrator("s3", "eu-central-1").create_bucket(Bucket="long-there", CreateBucketConfiguration=place)
    bootstrap(platform, "dev", infrastructure, administrator)
    found = administrator("s3", "eu-central-1").get_bucket_versioning(Bucket="long-there")
    assert "Status" not in found


def test_a_bucket_that_an_earlier_run_left_half_made_is_finished(
    theirs: tuple[Platform, Path], administrator: Callable[..., Any]
) -> None:
    platform, infrastructure = theirs
    for name in ("network", "app"):
        (infrastructure / name / "main.tf").write_text(ROOT.replace("{bucket}", "half-made"))
    s3, place = administrator("s3", "eu-central-1"), {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="half-made", CreateBucketConfiguration=place)
    s3.put_bucket_tagging(Bucket="half-made", Tagging={"TagSet": [OURS]})
    bootstrap(platform, "dev", infrastructure, administrator)
    assert s3.get_bucket_versioning(Bucket="half-made")["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket="half-made")["PublicAccessBlockConfiguration"].values())


def test_it_refuses_a_platform_that_trusts_nobody(
    platform: Platform, infrastructure: Path, administrator: Callable[..., Any]
) -> None:
    with pytest.raises(InvalidInput, match=r"platform.yaml: trusted is missing: list the ARNs"):
        bootstrap(replace(platform, trusted=()), "dev", infrastructure, administrator)


def test_an_environment_without_an_account_has_nothing_to_prepare(
    platform: Platform, infrastructure: Path, administrator: Callable[..., Any]
) -> None:
    nowhere = replace(platform.environment("dev"), account="", roles=None)
    with pytest.raises(InvalidInput, match="dev has no account"):
        bootstrap(replace(platform, environments=(nowhere,)), "dev", infrastructure, administrator)
