"""The packer engine with the real packer, in two accounts of the sandbox, with the rights of FlowMart's roles."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.sandbox import Sandbox
from tasks.domain.errors import InvalidInput, Refused, StalePlan, Unequipped
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.release import Inputs, Target
from tasks.domain.values import UNKNOWN
from tasks.engines.packer.sources import identity
from tests.platforms.images import SOURCE, Painted, as_role

pytestmark = pytest.mark.sandbox

_numbers = itertools.count()


@pytest.fixture
def images(operator: Sandbox, tmp_path: Path) -> Painted:
    """A family of its own for each test."""
    return Painted(operator, tmp_path, f"paint{next(_numbers)}")


def told(plan: Plan) -> list[tuple[str, Action]]:
    return [(change.kind, change.action) for change in plan.changes]


# --- built once, selected elsewhere ---------------------------------------------------------------------


def test_the_owner_builds_and_the_others_select_the_very_same_image(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    plan = images.planned(blue)
    assert told(plan) == [("aws_ami", Action.CREATE)]
    assert plan.changes[0].after is not None
    assert plan.changes[0].after["ami_id"] == UNKNOWN
    assert plan.outputs is None
    assert images.images() == {}

    built = images.applied(plan)
    elsewhere = images.planned(replace(blue, environment="dev"))
    assert told(elsewhere) == [("aws_ami_selection", Action.CREATE)]
    assert elsewhere.outputs is not None
    assert elsewhere.outputs["ami_id"] == built.outputs["ami_id"]
    selected = images.applied(elsewhere)
    shown = ("ami_id", "ami_name", "region", "owner", "source_ami", "digest")
    assert {name: selected.outputs[name] for name in shown} == {name: built.outputs[name] for name in shown}
    assert len(images.images()) == 1


def test_what_was_built_is_named_tagged_and_shared_as_planned(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    built = images.promoted(blue).outputs
    digest = identity(images.workspace(blue).infrastructure, images.name, {})
    image = images.images()["blue"]
    assert image["Name"] == built["ami_name"] == f"flowmart-{images.name}-{digest[:12]}"
    assert {tag["Key"]: tag["Value"] for tag in image["Tags"]} == built["tags"]
    assert built["tags"]["Release"] == "blue"
    assert built["tags"]["Digest"] == built["digest"] == digest
    source = images.ec2(images.owner).describe_images(ImageIds=[built["source_ami"]])["Images"][0]
    assert source["Name"] == SOURCE
    shared = images.ec2(images.owner).describe_image_attribute(ImageId=built["ami_id"], Attribute="launchPermission")
    assert shared["LaunchPermissions"] == [{"UserId": images.user.account}]


def test_a_unit_builds_its_own_image_of_a_template_that_has_several(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    file = images.workspace(blue).folder / "image.pkr.hcl"
    one = file.read_text()
    second = one[one.index("source ") : one.index("build {")].replace("paint", "other").replace("Colour", "Shade")
    both = one.replace('["source.amazon-ebs.paint"]', '["source.amazon-ebs.paint", "source.amazon-ebs.other"]')
    file.write_text(both.replace("build {", f"{second}build {{"))
    images.options = {"only": "amazon-ebs.other"}
    built = images.promoted(blue).outputs
    assert built["tags"]["Shade"] == "blue"
    assert "Colour" not in built["tags"]


def test_an_instance_starts_elsewhere_from_the_shared_image(images: Painted) -> None:
    image = images.promoted(images.release("blue", images.owner)).outputs["ami_id"]
    ec2 = images.ec2(images.user)
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[made])


def test_the_same_content_is_not_built_twice(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    first = images.promoted(blue)
    again = replace(blue, release="the same")
    (images.folder / "the same").symlink_to(images.folder / "blue")
    plan = images.planned(again)
    assert plan.empty
    assert plan.outputs is not None
    assert plan.outputs["ami_id"] == first.outputs["ami_id"]


def test_elsewhere_a_release_that_the_owner_has_not_built_is_refused(images: Painted) -> None:
    green = images.release("green", images.user)
    with pytest.raises(Refused, match="promote the release to the environment of 111111111111 first"):
        images.planned(green)


def test_other_accounts_are_given_and_taken_the_use_of_an_image(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    images.promoted(blue)
    images.inputs["accounts"] = ["333333333333"]
    plan = images.planned(blue)
    assert [change.attributes for change in plan.changes] == [("accounts",)]
    images.applied(plan)
    with pytest.raises(Refused, match="has no image"):
        images.planned(replace(blue, environment="dev"))


# --- plans that do not hold ------------------------------------------------------------------------------


def test_a_plan_is_stale_once_the_image_is_there(images: Painted) -> None:
    plan = images.planned(images.release("blue", images.owner))
    images.applied(plan)
    with pytest.raises(StalePlan):
        images.engine(plan.target).apply(plan)


def test_variables_that_were_changed_after_the_plan_are_not_built_with(images: Painted) -> None:
    plan = images.planned(images.release("blue", images.owner))
    assert plan.artifact is not None
    file = plan.artifact.path.with_name("variables.pkrvars.json")
    file.write_text(file.read_text().replace("blue", "red"))
    with pytest.raises(StalePlan, match="variables"):
        images.engine(plan.target).apply(plan)
    assert images.images() == {}


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"owner": "shared"}, r"inputs\.owner: String should match pattern"),
        ({"variables": {"colour": "red"}}, r"inputs\.variables\.colour: .* has no such variable; it has .*size"),
        ({"variables": {"tags": {}}}, r"inputs\.variables\.tags: this variable is filled in by the pipeline"),
        ({"keep": {"count": 0}}, r"inputs\.keep\.count"),
        ({"share": []}, r"inputs\.share: Extra inputs are not permitted"),
    ],
)
def test_wrong_inputs_are_named(images: Painted, inputs: dict[str, object], why: str) -> None:
    images.inputs |= inputs
    with pytest.raises(InvalidInput, match=why):
        images.engine(images.release("blue", images.owner)).validate()


def test_a_template_that_packer_does_not_take_is_refused_with_its_words(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    file = images.workspace(blue).folder / "image.pkr.hcl"
    file.write_text(file.read_text().replace("ami_users", "ami_user"))
    with pytest.raises(Refused, match=r'(?s)packer validate of paint\d+ in shared: .*"ami_user"'):
        images.planned(blue)


def test_another_packer_than_the_template_requires_is_a_matter_of_the_machine(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    file = images.workspace(blue).folder / "image.pkr.hcl"
    file.write_text(f'packer {{\n  required_version = ">= 99.0"\n}}\n{file.read_text()}')
    with pytest.raises(Unequipped, match="Unsupported Packer Core version"):
        images.planned(blue)


def test_without_packer_only_building_is_impossible(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    with pytest.raises(Unequipped, match="no-packer is missing: install it with: apt-get install packer"):
        images.engine(blue, "no-packer").plan(Inputs(images.inputs))
    images.promoted(blue)
    there = images.engine(replace(blue, environment="dev"), "no-packer").plan(Inputs(images.inputs))
    assert told(there) == [("aws_ami_selection", Action.CREATE)]


NEWER = """#!/bin/sh
echo "$*" >> {folder}/asked
[ "$1" != version ] || echo "Packer v1.14.2"
[ "$1" != validate ] || { echo "Error: that is all for today" >&2; exit 1; }
"""


def test_a_newer_packer_installs_its_plugins_and_is_given_the_folder(images: Painted, tmp_path: Path) -> None:
    newer = tmp_path / "newer-packer"
    newer.write_text(NEWER.replace("{folder}", str(tmp_path)))
    newer.chmod(0o755)
    with pytest.raises(Refused, match="that is all for today"):
        images.engine(images.release("blue", images.owner), str(newer)).plan(Inputs(images.inputs))
    version, init, validate = (tmp_path / "asked").read_text().splitlines()
    assert (version, init) == ("version", "init .")
    assert validate.startswith("validate -var-file=")
    assert validate.endswith(".json .")


# --- builds that fail ------------------------------------------------------------------------------------


def test_a_failed_provisioner_leaves_nothing_that_is_taken_for_an_image(images: Painted) -> None:
    plan = images.planned(images.release("blue", images.owner, command="echo out of paint; exit 3"))
    applied = images.engine(plan.target).apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert "exit status: 3" in applied.detail.lower()
    assert images.images() == {}
    assert images.ec2(images.owner).describe_key_pairs()["KeyPairs"] == []
    with pytest.raises(Refused, match="has no image"):
        images.planned(images.release("blue", images.user, command="echo out of paint; exit 3"))


def test_what_an_interrupted_build_left_is_replaced(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    first = images.promoted(blue).outputs["ami_id"]
    # Packer tags last: so an image looks that it was killed over.
    images.ec2(images.owner).delete_tags(Resources=[first], Tags=[{"Key": "Digest"}])
    images.ec2(images.owner).modify_image_attribute(
        ImageId=first, LaunchPermission={"Remove": [{"UserId": images.user.account}]}
    )
    images.receipts.clear()
    plan = images.planned(blue)
    assert "was left by a build that did not end" in plan.warnings[0]
    second = images.applied(plan).outputs["ami_id"]
    assert second != first
    assert images.images()["blue"]["ImageId"] == second


def test_what_looks_half_made_and_is_in_use_is_left_to_a_person(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    image = images.promoted(blue).outputs["ami_id"]
    images.ec2(images.owner).delete_tags(Resources=[image], Tags=[{"Key": "Digest"}])
    with pytest.raises(Refused, match=r"lacks the tag Digest .* shared with 222222222222"):
        images.planned(blue)


# --- verify and drift ------------------------------------------------------------------------------------


def test_a_revoked_share_is_drift_on_both_sides_and_not_verified(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    built, selected = images.promoted(blue), images.promoted(replace(blue, environment="dev"))
    assert images.engine(built.target).detect_drift(built).empty
    assert images.engine(selected.target).detect_drift(selected).empty
    images.ec2(images.owner).modify_image_attribute(
        ImageId=built.outputs["ami_id"], LaunchPermission={"Remove": [{"UserId": images.user.account}]}
    )
    assert [c.attributes for c in images.engine(built.target).detect_drift(built).changes] == [("accounts",)]
    assert told(images.engine(selected.target).detect_drift(selected)) == [("aws_ami", Action.DELETE)]
    assert images.engine(selected.target).verify().outcome is Outcome.FAILED
    assert images.engine(built.target).verify().outcome is Outcome.SUCCEEDED


def test_tags_that_somebody_changed_are_drift(images: Painted) -> None:
    built = images.promoted(images.release("blue", images.owner))
    images.ec2(images.owner).create_tags(
        Resources=[built.outputs["ami_id"]], Tags=[{"Key": "Release", "Value": "another"}]
    )
    assert [c.attributes for c in images.engine(built.target).detect_drift(built).changes] == [("tags",)]


def test_a_deregistered_image_is_drift(images: Painted) -> None:
    built = images.promoted(images.release("blue", images.owner))
    images.ec2(images.owner).deregister_image(ImageId=built.outputs["ami_id"])
    assert told(images.engine(built.target).detect_drift(built)) == [("aws_ami", Action.DELETE)]
    assert images.engine(built.target).verify().outcome is Outcome.FAILED


# --- the way back ----------------------------------------------------------------------------------------


@pytest.fixture
def twice(images: Painted) -> tuple[Painted, Target]:
    """Blue, then green, in both environments; the target of green in dev."""
    for colour in ("blue", "green"):
        there = images.release(colour, images.owner)
        images.promoted(there)
        last = replace(there, environment="dev")
        if colour == "blue":
            images.promoted(last)
    return images, last


def test_a_rollback_selects_the_earlier_image(twice: tuple[Painted, Target]) -> None:
    images, green = twice
    blue = images.receipts["dev"]
    images.promoted(green)
    back = images.rollback(green, blue)
    assert told(back) == [("aws_ami_selection", Action.UPDATE)]
    assert back.reversibility is Reversibility.REVERSIBLE
    assert images.applied(back).outputs == blue.outputs
    assert images.engine(blue.target).verify().outcome is Outcome.SUCCEEDED
    assert set(images.images()) == {"blue", "green"}


def test_an_earlier_image_that_is_gone_is_said_to_be_gone(twice: tuple[Painted, Target]) -> None:
    images, green = twice
    blue = images.receipts["dev"]
    images.promoted(green)
    images.ec2(images.owner).deregister_image(ImageId=blue.outputs["ami_id"])
    with pytest.raises(Refused, match="cannot be selected again: it was deregistered, or is not shared"):
        images.rollback(green, blue)


def test_a_first_image_that_nobody_needs_is_removed_with_its_snapshots(images: Painted) -> None:
    images.inputs["accounts"] = []
    blue = images.release("blue", images.owner)
    images.promoted(blue)
    snapshot = images.images()["blue"]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    plan = images.rollback(blue, None)
    assert told(plan) == [("aws_ami", Action.DELETE)]
    assert plan.reversibility is Reversibility.IRREVERSIBLE
    assert images.engine(plan.target).apply(plan).outcome is Outcome.SUCCEEDED
    assert images.images() == {}
    left = images.ec2(images.owner).describe_snapshots(OwnerIds=[images.owner.account])["Snapshots"]
    assert snapshot not in [each["SnapshotId"] for each in left]


@pytest.mark.parametrize("reason", ["shared with", "selected in dev", "an instance, a launch template"])
def test_an_image_that_somebody_needs_is_kept(images: Painted, reason: str) -> None:
    blue = images.release("blue", images.owner)
    receipt = images.promoted(blue)
    ec2 = images.ec2(images.owner)
    if reason != "shared with":
        mine = {"Remove": [{"UserId": images.user.account}]}
        ec2.modify_image_attribute(ImageId=receipt.outputs["ami_id"], LaunchPermission=mine)
    if reason == "selected in dev":
        images.receipts["dev"] = replace(receipt, target=replace(blue, environment="dev"))
    if reason.startswith("an instance"):
        data = {"ImageId": receipt.outputs["ami_id"], "InstanceType": "t3.small"}
        ec2.create_launch_template(LaunchTemplateName=images.name, LaunchTemplateData=data)
    plan = images.rollback(blue, None)
    assert plan.empty
    assert reason in plan.warnings[0]
    assert images.engine(plan.target).apply(plan).outcome is Outcome.SUCCEEDED
    assert set(images.images()) == {"blue"}


def test_elsewhere_the_first_selection_leaves_nothing_to_remove(images: Painted) -> None:
    blue = images.release("blue", images.owner)
    images.promoted(blue)
    there = replace(blue, environment="dev")
    images.promoted(there)
    plan = images.rollback(there, None)
    assert plan.empty
    assert images.engine(plan.target).apply(plan).outcome is Outcome.SUCCEEDED
    assert set(images.images()) == {"blue"}


# --- retirement ------------------------------------------------------------------------------------------


def test_old_images_are_retired_but_for_those_that_somebody_may_go_back_to(images: Painted) -> None:
    images.readers = {images.user.account: as_role(images.user, images.user.roles.plan)}
    images.inputs["keep"] = {"count": 1, "days": 0}
    blue = images.release("blue", images.owner)
    images.promoted(blue)
    images.promoted(replace(blue, environment="dev"))
    images.promoted(images.release("green", images.owner))
    images.promoted(images.release("yellow", images.owner))
    # Blue is selected in dev, green was the owner's until just now, and white is the newest.
    images.promoted(images.release("white", images.owner))
    assert set(images.images()) == {"blue", "yellow", "white"}


def test_a_unit_whose_name_begins_like_anothers_keeps_its_images(images: Painted) -> None:
    images.inputs |= {"keep": {"count": 1, "days": 0}, "accounts": []}
    web = Painted(images.sandbox, images.folder / "web", f"{images.name}-web")
    web.inputs |= {"accounts": []}
    web.promoted(web.release("web", web.owner))
    for colour in ("blue", "green", "yellow"):
        images.promoted(images.release(colour, images.owner))
    assert set(web.images()) == {"web"}
    assert "blue" not in images.images()


def test_an_image_of_which_nobody_can_tell_whether_it_is_used_elsewhere_is_kept(images: Painted) -> None:
    images.inputs["keep"] = {"count": 1, "days": 0}
    for colour in ("blue", "green", "yellow"):
        images.promoted(images.release(colour, images.owner))
    assert set(images.images()) == {"blue", "green", "yellow"}


def test_a_shared_image_that_is_used_nowhere_is_retired_and_one_that_is_used_is_kept(images: Painted) -> None:
    images.readers = {images.user.account: as_role(images.user, images.user.roles.plan)}
    images.inputs["keep"] = {"count": 1, "days": 0}
    blue = images.promoted(images.release("blue", images.owner)).outputs["ami_id"]
    images.ec2(images.user).create_launch_template(
        LaunchTemplateName=images.name, LaunchTemplateData={"ImageId": blue, "InstanceType": "t3.small"}
    )
    for colour in ("green", "yellow", "white"):
        images.promoted(images.release(colour, images.owner))
    assert set(images.images()) == {"blue", "yellow", "white"}


# --- after a build without an answer ---------------------------------------------------------------------


def test_a_build_is_observed_by_its_image(images: Painted) -> None:
    plan = images.planned(images.release("blue", images.owner))
    assert images.engine(plan.target).observe(plan).progress is Progress.UNCHANGED
    built = images.engine(plan.target).apply(plan)
    found = images.engine(plan.target).observe(plan)
    assert (found.progress, found.outputs) == (Progress.DONE, built.outputs)


def test_a_half_made_image_is_named(images: Painted) -> None:
    plan = images.planned(images.release("blue", images.owner))
    image = images.applied(plan).outputs["ami_id"]
    images.receipts.clear()
    images.ec2(images.owner).delete_tags(Resources=[image], Tags=[{"Key": "Digest"}])
    found = images.engine(plan.target).observe(plan)
    assert found.progress is Progress.PARTIAL
    assert f"({image}) is half made" in found.detail


def test_what_a_killed_build_left_is_named_by_the_next_plan_and_removed_by_the_next_build(images: Painted) -> None:
    ec2 = images.ec2(images.owner)
    tags = [
        {"Key": k, "Value": v}
        for k, v in {"Platform": "flowmart", "Unit": images.name, "ManagedBy": "packer"}.items()
    ]
    source = ec2.describe_images(Filters=[{"Name": "name", "Values": [SOURCE]}])["Images"][0]["ImageId"]
    tagged = [{"ResourceType": "instance", "Tags": tags}]
    made = ec2.run_instances(ImageId=source, MinCount=1, MaxCount=1, TagSpecifications=tagged)["Instances"][0]
    ec2.create_key_pair(KeyName=f"packer_{images.name}")
    plan = images.planned(images.release("blue", images.owner))
    assert f"instance {made['InstanceId']} was left by a killed build: the next build removes it" in plan.warnings
    assert any(f"key pair packer_{images.name}" in warning for warning in plan.warnings)
    images.applied(plan)
    (left,) = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"]
    assert left["State"]["Name"] in ("shutting-down", "terminated")
    assert ec2.describe_key_pairs(KeyNames=[f"packer_{images.name}"])["KeyPairs"]
    ec2.delete_key_pair(KeyName=f"packer_{images.name}")
