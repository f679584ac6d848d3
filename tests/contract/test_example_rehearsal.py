"""The example of a scratch environment for several tools: a rollback of each of them rehearsed in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_story import Story
from tests.platforms.example_platforms import EXAMPLES
from tests.servers import sandboxes

EXAMPLE = EXAMPLES / "rehearsals"

CLOSED = {
    "packer/image/image.pkr.hcl": ('"open"', '"closed"'),
    "cloudformation/orders/template.yaml": ("VisibilityTimeout: 30", "VisibilityTimeout: 60"),
    "kubernetes/base/settings.yaml": ("open", "closed"),
    "chart/values.yaml": ("1.0.0", "1.1.0"),
    "ansible/templates/motd.j2": ("open", "closed"),
}
"""{file: what the second release has there instead}: something of each tool."""


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """In a sandbox of its own, whose accounts are those of the example."""
    with sandboxes.started(EXAMPLE / "infrastructure", prefect=False) as box:
        yield Story(box, tmp_path, EXAMPLE)


def change(story: Story) -> None:
    for path, (old, new) in CLOSED.items():
        file = story.repository / "infrastructure" / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    story.commit("Close")


def test_a_rollback_of_every_tool_is_rehearsed(story: Story) -> None:
    promoted = story.flowmart("promote")
    assert promoted.code == 0, promoted.err
    change(story)
    built = story.flowmart("promote", "--to", "shared")
    assert built.code == 0, built.err
    done = story.flowmart("rehearse", "production", "--json")
    assert done.code == 0, done.err
    assert done.document["outcome"] == "succeeded"
    results = {unit["unit"]: unit["result"] for unit in done.document["units"]}
    assert results.pop("bastion") == "needs care"
    assert results == dict.fromkeys(("image", "orders", "namespace", "shop"), "rolled back")
    queues = story.client("scratch", "sqs")
    (url,) = queues.list_queues()["QueueUrls"]
    found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert found["Attributes"]["VisibilityTimeout"] == "30"
    assert (
        story.flowmart("status", "--json").document["environments"]["production"]["verified"]
        != done.document["release"]
    )
