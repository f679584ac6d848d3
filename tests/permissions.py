"""Records which AWS actions each role uses, in the sandbox, for docs/reference/permissions.md.

python -m tests.permissions    # half an hour; writes deployments/reference/used_actions.json

FlowMart's own infrastructure is promoted to production, a bad release is rolled back, and drift is looked for. Then a
rollback is rehearsed of a platform with what that has none of: a nested stack whose template goes through a bucket
and an image in two regions. What an administrator prepares is left out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from deployments import sandbox
from deployments.demo import releases
from deployments.reference.permissions import USED
from deployments.sandbox import Sandbox
from deployments.sandbox.layout import SandboxLayout
from tests.e2e.test_story import Story
from tests.platforms import rehearsed
from tests.servers import sandboxes

PROJECT = Path(__file__).parents[1]


def main() -> None:
    """Record, and write the file."""
    with sandboxes.folder(print) as root, tempfile.TemporaryDirectory() as folder:
        box = _started(root)
        _deliver(Story(box, Path(folder), PROJECT))
        found = SandboxLayout(root).used.read_text().splitlines()
    with sandboxes.folder(print) as root, tempfile.TemporaryDirectory() as folder:
        box = sandbox.up(root, print, infrastructure=rehearsed.EXAMPLE / "infrastructure", prefect=False)
        _rehearse(rehearsed.nested(box, Path(folder)))
        found += SandboxLayout(root).used.read_text().splitlines()
    USED.write_text(text(found))


def text(lines: Iterable[str]) -> str:
    """Lines `ROLE ACTION` as the file has them: {role: its actions, sorted}, those of both platforms in one."""
    found: dict[str, set[str]] = {}
    for line in lines:
        role, _, action = line.partition(" ")
        platform, _, verb = role.partition("-")
        if platform in ("flowmart", "shop") and verb:
            found.setdefault(f"flowmart-{verb}", set()).add(action)
    return json.dumps({role: sorted(found[role]) for role in sorted(found)}, indent=1) + "\n"


def _started(root: Path) -> Sandbox:
    return sandbox.up(
        root, print, infrastructure=PROJECT / "infrastructure", prefect=False, prometheus=False, terragrunt=True
    )


def _deliver(story: Story) -> None:
    _must(story, "promote", code=0)
    releases.make(releases.CRASHING, story.repository / "infrastructure")
    story.commit("New image and cart 2.0.1")
    _must(story, "promote", code=1)
    _must(story, "drift", "dev", code=0)
    _must(story, "rollback", "dev", code=0)


def _rehearse(story: Story) -> None:
    _must(story, "promote", code=0)
    rehearsed.change(story)
    _must(story, "promote", "--to", "shared", code=0)
    _must(story, "rehearse", "production", code=0)
    _must(story, "drift", "production", code=0)


def _must(story: Story, *arguments: str, code: int) -> None:
    done = story.flowmart(*arguments)
    print(f"flowmart {' '.join(arguments)}: {done.code}", flush=True)
    if done.code != code:
        sys.exit(done.err)


if __name__ == "__main__":
    main()
