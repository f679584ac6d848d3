"""How a plan keeps what its apply needs: a file that only its owner may read, bound to the plan by its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tasks.domain.errors import StalePlan
from tasks.domain.plan import Artifact, Plan


def save(content: Any, file: Path) -> Artifact:
    """Write `content` as JSON; there may be secrets in it."""
    file.touch(mode=0o600)
    file.write_text(json.dumps(content))
    return seal(file)


def seal(file: Path) -> Artifact:
    """A file that is there already, as a tool wrote it."""
    file.chmod(0o600)
    return Artifact(file, sha256(file))


def content(plan: Plan) -> Any:
    """What `save` wrote for the plan; `StalePlan` when it is not that any more."""
    return json.loads(intact(plan).read_text())


def intact(plan: Plan, otherwise: str = "the plan file is not the one that was planned") -> Path:
    """The plan's file; `StalePlan` says `otherwise` when its bytes are not what was planned."""
    artifact = plan.artifact
    if artifact is None or sha256(artifact.path) != artifact.sha256:
        raise StalePlan(f"{plan.target}: {otherwise}; plan again")
    return artifact.path


def sha256(file: Path) -> str:
    """The digest of a file's bytes; empty when there is no such file."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
