"""An image that its template copies to another region, with the real packer, in two accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox, accounts
from deployments.sandbox.layout import SandboxLayout
from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.platform import Environment
from tasks.domain.release import Target
from tasks.engines.base import Workspace
from tests.platforms.images import Painted

pytestmark = pytest.mark.sandbox

ELSEWHERE = "us-east-1"


class Copied(Painted):
    """A unit whose images are copied to another region, where the other account has its environment."""

    def release(self, colour: str, environment: Environment, command: str = "true") -> Target:
        target = super().release(colour, environment, command)
        file = self.folder / colour / "infrastructure" / self.name / "image.pkr.hcl"
        file.write_text(file.read_text().replace("region  ", f'ami_regions = ["{ELSEWHERE}"]\n  region  ', 1))
        return target

    def workspace(self, target: Target) -> Workspace:
        made = super().workspace(target)
        if made.environment.name == self.owner.name:
            return made
        region = {"AWS_REGION": ELSEWHERE, "AWS_DEFAULT_REGION": ELSEWHERE}
        there = lambda: {**made.reading(), **region}  # noqa: E731
        environment = replace(made.environment, region=ELSEWHERE)
        return replace(made, environment=environment, reading=there, writing=there)

    def there(self) -> Any:
        """What somebody may do by hand in the other region, in the owner's account."""
        known = accounts.load(SandboxLayout(self.sandbox.root).accounts)
        assert known
        environment = replace(self.owner, region=ELSEWHERE)
        return accounts.as_administrator(self.sandbox.aws_endpoint, known, environment)("ec2")

    def copies(self) -> dict[str, Mapping[str, Any]]:
        """The copies of the unit's images, by their colour; untagged ones as "half"."""
        pattern = [{"Name": "name", "Values": [f"flowmart-{self.name}-*"]}]
        found = self.there().describe_images(Owners=[self.owner.account], Filters=pattern)["Images"]
        return {next((t["Value"] for t in i.get("Tags", ()) if t["Key"] == "Colour"), "half"): i for i in found}


def test_an_image_is_built_found_shared_missed_and_removed_in_every_region(operator: Sandbox, tmp_path: Path) -> None:
    images = Copied(operator, tmp_path, "copied")
    blue = images.release("blue", images.owner)

    # Built once, with a copy that has an id of its own, is tagged and shared.
    first = images.promoted(blue)
    copy = images.copies()["blue"]
    assert first.outputs["amis"] == {images.owner.region: first.outputs["ami_id"], ELSEWHERE: copy["ImageId"]}
    assert copy["ImageId"] != first.outputs["ami_id"]
    assert images.planned(blue).empty

    # An environment in the other region selects the copy.
    selected = images.promoted(replace(blue, environment=images.user.name))
    assert selected.outputs["ami_id"] == copy["ImageId"]
    assert selected.outputs["region"] == ELSEWHERE

    # Whoever shares the copy with nobody has made a drift, which the next apply repairs.
    permission = {"Remove": [{"UserId": images.user.account}]}
    images.there().modify_image_attribute(ImageId=copy["ImageId"], LaunchPermission=permission)
    drift = images.engine(blue).detect_drift(first)
    assert [change.address for change in drift.changes] == [f"aws_ami.{images.name}[{ELSEWHERE}]"]
    images.promoted(blue)
    assert images.engine(blue).detect_drift(first).empty

    # What a killed build left in the other region is named, and goes before the next build.
    red = images.release("red", images.owner)
    plan = images.planned(red)
    name = (plan.changes[0].after or {})["ami_name"]
    images.there().copy_image(Name=name, SourceImageId=first.outputs["ami_id"], SourceRegion=images.owner.region)
    again = images.planned(red)
    assert any(f"in {ELSEWHERE}) was left by a build that did not end" in warning for warning in again.warnings)
    second = images.applied(again)
    assert "half" not in images.copies()
    assert second.outputs["amis"][ELSEWHERE] == images.copies()["red"]["ImageId"]

    # Back to the first, copies and all.
    back = images.rollback(red, first)
    assert images.engine(blue).apply(back).outputs["amis"] == first.outputs["amis"]

    # A copy that is gone is drift, not verified, and refused with how to make it again.
    images.receipts[images.owner.name] = first
    images.there().deregister_image(ImageId=copy["ImageId"])
    gone = images.engine(blue).detect_drift(first)
    assert [change.address for change in gone.changes] == [f"aws_ami.{images.name}[{ELSEWHERE}]"]
    assert images.engine(blue).verify().outcome is Outcome.FAILED
    with pytest.raises(Refused, match=rf"has no copy in {ELSEWHERE}: copy it again with: aws ec2 copy-image"):
        images.planned(blue)


def test_a_first_image_is_removed_with_its_copies_unless_one_of_them_is_used(
    operator: Sandbox, tmp_path: Path
) -> None:
    images = Copied(operator, tmp_path, "copiedonce")
    images.inputs["accounts"] = []
    blue = images.release("blue", images.owner)
    built = images.promoted(blue)
    used = images.there().run_instances(ImageId=built.outputs["amis"][ELSEWHERE], MinCount=1, MaxCount=1)
    kept = images.rollback(blue, None)
    assert kept.empty
    assert f"of its copy in {ELSEWHERE}: an instance" in kept.warnings[0]

    images.there().terminate_instances(InstanceIds=[used["Instances"][0]["InstanceId"]])
    plan = images.rollback(blue, None)
    assert len(plan.changes) == 2
    assert images.engine(blue).apply(plan).outcome is Outcome.SUCCEEDED
    assert (images.images(), images.copies()) == ({}, {})
    assert images.engine(blue).observe(plan).progress is Progress.DONE
