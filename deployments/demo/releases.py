"""The bad releases of the demo, each a commit in a clone: the working tree and its branches are not changed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from deployments.demo.screen import ROOT, flowmart, run

Change = tuple[str, str, str]
"""Path below infrastructure/, pattern, replacement. `{environment}` in a path stands for dev and for staging."""

FAILING: Sequence[Change] = (
    ("helm-charts/cart/Chart.yaml", r'appVersion: ".*"', 'appVersion: "2.0.0"'),
    ("helm-charts/cart/values/staging.yaml", r"(?m)^service:", "service:\n  image: {tag: broken-errors-2.0.0}"),
)
"""A cart that starts and passes its checks, but fails 8 % of its requests in staging."""

CRASHING: Sequence[Change] = (
    ("ansible/roles/application/files/application.py", r'"""Answers the', '"""Version 2, answers the'),
    ("terraform/environments/{environment}/compute/main.tf", r'"t3\.', '"t3a.'),
    (
        "terraform/environments/{environment}/networking/main.tf",
        r"(flow_log_retention_days\s*)= \d+",
        r"\1= 3",
    ),
    ("cloudformation/order-events/parameters/{environment}.yaml", r"MaxReceives: \d+", "MaxReceives: 7"),
    ("kubernetes/overlays/{environment}/kustomization.yaml", r"LOG_LEVEL=\w+", "LOG_LEVEL=error"),
    ("ansible/bastion/templates/motd.j2", r"(?m): bastion\.$", ": a bastion."),
    ("helm-charts/cart/Chart.yaml", r'appVersion: ".*"', 'appVersion: "2.0.1"'),
    ("helm-charts/cart/values/staging.yaml", r"(?m)^service:", "service:\n  image: {tag: broken-crash-2.0.1}"),
)
"""A change for every tool, and a cart that crashes in staging."""


def create(folder: Path, changes: Sequence[Change], subject: str) -> str:
    """Create a release with these changes from a clone in `folder`.

    Args:
        folder: the clone; replaced if it exists.
        changes: the changes to commit.
        subject: the commit's subject.

    Returns:
        The release's id.
    """
    run("rm", "-rf", str(folder))
    run("git", "clone", "--quiet", "--shared", str(ROOT), str(folder))
    make(changes, folder / "infrastructure")
    author = ("-c", "user.name=Demo", "-c", "user.email=demo@flowmart.example")
    run("git", "-C", str(folder), *author, "commit", "--quiet", "--all", "-m", subject)
    return release_of(folder)


def make(changes: Sequence[Change], infrastructure: Path) -> None:
    """Change files in `infrastructure`; those of production are not changed."""
    for path, pattern, replacement in changes:
        for name in dict.fromkeys(path.format(environment=environment) for environment in ("dev", "staging")):
            _edit(infrastructure / name, pattern, replacement)


def _edit(file: Path, pattern: str, replacement: str) -> None:
    text, number = re.subn(pattern, replacement, file.read_text())
    if not number:
        sys.exit(f"{file}: nothing matches {pattern}; adapt deployments/demo/releases.py")
    file.write_text(text)


def release_of(repository: Path) -> str:
    """Create the release of a repository's HEAD in this project's store, and return its id."""
    store = os.environ["FLOWMART_STORE"]
    variables = {**os.environ, "FLOWMART_REPOSITORY": str(repository), "FLOWMART_STORE": store}
    done = flowmart("release", "create", good=(0,), variables=variables, quiet=True)
    return done.stdout.split()[1]
