"""Keep what a plan's apply needs: a file that only its owner may read, bound to the plan by its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tasks.domain.errors import StalePlan
from tasks.domain.plan import Artifact, Plan


def save(content: Any, file: Path) -> Artifact:
    """Write `content` as JSON, readable only by the owner, because it may contain secrets.

    Returns:
        The artifact: the file and its digest.
    """
    file.touch(mode=0o600)
    file.write_text(json.dumps(content))
    return seal(file)


def seal(file: Path) -> Artifact:
    """Make an existing file, such as a tool's own plan, the artifact of a plan; only its owner may read it then."""
    file.chmod(0o600)
    return Artifact(file, sha256(file))


def content(plan: Plan) -> Any:
    """Return what `save` wrote for the plan.

    Raises:
        StalePlan: the file is not the one that was planned.
    """
    return json.loads(intact(plan).read_text())


def intact(plan: Plan, otherwise: str = "the plan file is not the one that was planned") -> Path:
    """Return the path of the plan's file, after a check of its digest.

    Raises:
        StalePlan: the bytes are not those that were planned. The message says `otherwise`.
    """
    artifact = plan.artifact
    if artifact is None or sha256(artifact.path) != artifact.sha256:
        raise StalePlan(f"{plan.target}: {otherwise}; plan again")
    return artifact.path


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex; empty if the file does not exist."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
