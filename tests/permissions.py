"""Records which AWS actions each role uses, in the sandbox, for docs/reference/permissions.md.

python -m tests.permissions    # a quarter of an hour; writes deployments/reference/used_actions.json

FlowMart's own infrastructure is promoted to production, a bad release is rolled back, and drift is looked for. What
an administrator prepares is left out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from deployments.demo import releases
from deployments.reference.permissions import USED
from deployments.sandbox import Sandbox
from deployments.sandbox.layout import SandboxLayout
from tests.e2e.test_story import Story
from tests.servers import sandboxes

PROJECT = Path(__file__).parents[1]


def main() -> None:
    """Record, and write the file."""
    with sandboxes.folder(print) as root, tempfile.TemporaryDirectory() as folder:
        box = _started(root)
        _deliver(Story(box, Path(folder), PROJECT))
        USED.write_text(text(SandboxLayout(root).used.read_text().splitlines()))


def text(lines: Iterable[str]) -> str:
    """Lines `ROLE ACTION` as the file has them: {role: its actions, sorted}."""
    found: dict[str, set[str]] = {}
    for line in lines:
        role, _, action = line.partition(" ")
        if role.startswith("flowmart-"):
            found.setdefault(role, set()).add(action)
    return json.dumps({role: sorted(found[role]) for role in sorted(found)}, indent=1) + "\n"


def _started(root: Path) -> Sandbox:
    from deployments import sandbox

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


def _must(story: Story, *arguments: str, code: int) -> None:
    done = story.flowmart(*arguments)
    print(f"flowmart {' '.join(arguments)}: {done.code}", flush=True)
    if done.code != code:
        sys.exit(done.err)


if __name__ == "__main__":
    main()
