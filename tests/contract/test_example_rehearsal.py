"""The example of a scratch environment for several tools: a rollback of each of them rehearsed in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_story import Story
from tests.platforms import rehearsed
from tests.platforms.rehearsed import EXAMPLE
from tests.servers import sandboxes


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """In a sandbox of its own, whose accounts are those of the example."""
    with sandboxes.started(EXAMPLE / "infrastructure", prefect=False) as box, pytest.MonkeyPatch.context() as patch:
        for name, value in box.variables.items():
            patch.setenv(name, value)
        yield Story(box, tmp_path, EXAMPLE)


def test_a_rollback_of_every_tool_is_rehearsed(story: Story) -> None:
    promoted = story.flowmart("promote")
    assert promoted.code == 0, promoted.err
    rehearsed.change(story)
    built = story.flowmart("promote", "--to", "shared")
    assert built.code == 0, built.err
    done = story.flowmart("rehearse", "production", "--json")
    assert done.code == 0, done.err
    assert done.document["outcome"] == "succeeded"
    results = {unit["name"]: unit["result"] for unit in done.document["units"]}
    assert results.pop("bastion") == "needs care"
    assert results == dict.fromkeys(("image", "orders", "namespace", "shop"), "rolled back")
    queues = story.client("scratch", "sqs")
    (url,) = queues.list_queues()["QueueUrls"]
    found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert found["Attributes"]["VisibilityTimeout"] == "30"
    assert done.document["release"] == story.release()
    assert story.flowmart("status", "--json").document["production"]["release"] == done.document["earlier"]
