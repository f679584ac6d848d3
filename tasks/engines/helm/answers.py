"""Parses helm's output into the product's types. It is pure, so golden tests cover it without running helm."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tasks.cluster.objects import Manifest, Reference, parsed, repeated

_HOOK = "helm.sh/hook"
RENDERED = "rendered"
"""The status of a revision that helm rendered without a cluster."""
_SMALL = 2**19
_TESTS = ("test", "test-success", "test-failure")


@dataclass(frozen=True)
class Installed:
    """One revision of a release: its objects, and the temporary objects that its hooks create.

    The pods of `helm test` are left out, because a promotion never creates them.

    Attributes:
        revision: helm's number of the revision; 0 if it is only rendered.
        status: the revision's status in helm, such as "deployed".
        objects: the objects of the release, without hooks.
        hooks: the objects that hooks create.
        began: when helm began the revision, in ISO 8601; empty if it is only rendered.
        repeated: the objects that the revision declares more than once.
        size: the size of helm's record in bytes; 0 if it is certainly small.
        doomed: whether an upgrade removes the release before it installs it anew, because an interrupted helm left it
            with no revision to go back to.
    """

    revision: int
    status: str
    objects: Mapping[Reference, Manifest] = field(default_factory=dict)
    hooks: Mapping[Reference, Manifest] = field(default_factory=dict)
    began: str = ""
    repeated: tuple[Reference, ...] = ()
    size: int = 0
    doomed: bool = False

    @property
    def basis(self) -> str:
        """The revision and status that a plan is computed from."""
        return f"{self.revision}/{self.status}"

    @property
    def everything(self) -> dict[Reference, Manifest]:
        """Objects and hooks together, because a changed hook also changes the release."""
        return {**self.objects, **self.hooks}

    @property
    def gone(self) -> bool:
        """Tell whether the release was uninstalled and only its history was kept: helm installs it anew."""
        return self.status == "uninstalled"

    @property
    def stuck(self) -> bool:
        """Tell whether helm was interrupted while it worked on the release, which blocks it until that is cleared."""
        return self.status.startswith("pending-") or self.status == "uninstalling"

    def is_over(self, seconds: float) -> bool:
        """Tell whether a helm that began this revision has passed its time limit, on whatever machine it ran.

        Args:
            seconds: the time limit.
        """
        began = datetime.fromisoformat(self.began) if self.began else datetime.fromtimestamp(0, UTC)
        return time.time() - began.timestamp() > seconds


def installed(answer: Mapping[str, Any], namespace: str) -> Installed:
    """Parse the JSON output of `helm status` or `helm upgrade`.

    Args:
        answer: the output.
        namespace: the release's namespace, for objects that name none.
    """
    origin = f"release {answer.get('name')} revision {answer.get('version')}"
    hooks = "\n---\n".join(hook["manifest"] for hook in answer.get("hooks") or ())
    return Installed(
        revision=int(answer["version"]),
        status=str(answer["info"]["status"]),
        objects=_bare_all(parsed(answer.get("manifest") or "", origin, namespace)),
        hooks=_bare_all({about: h for about, h in parsed(hooks, origin, namespace).items() if not _is_test(h)}),
        began=str(answer["info"].get("last_deployed") or ""),
        repeated=tuple(repeated(answer.get("manifest") or "", namespace)),
        size=_size(answer),
    )


def _size(answer: Mapping[str, Any]) -> int:
    """Estimate the size of helm's record (`pkg/storage/driver/util.go`) in bytes; 0 if it is certainly small."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return len(base64.b64encode(gzip.compress(text, 9))) if len(text) > _SMALL else 0


def rendered(objects: Mapping[Reference, Manifest]) -> Installed:
    """Turn the output of `helm template` into a revision; hooks are recognised by their annotation."""
    hooks = {about: manifest for about, manifest in objects.items() if occasions(manifest)}
    return Installed(
        revision=0,
        status=RENDERED,
        objects=_bare_all({about: manifest for about, manifest in objects.items() if about not in hooks}),
        hooks=_bare_all({about: manifest for about, manifest in hooks.items() if not _is_test(manifest)}),
    )


def occasions(manifest: Manifest) -> list[str]:
    """Return the hook events for which helm creates the object; empty if it belongs to the release."""
    said = str((manifest["metadata"].get("annotations") or {}).get(_HOOK, ""))
    return [occasion.strip().lower() for occasion in said.split(",") if occasion.strip()]


def bare(manifest: Manifest) -> Manifest:
    """Remove an empty `annotations: {}`. Helm 4 removes it whenever a post-renderer runs."""
    metadata = manifest["metadata"]
    if metadata.get("annotations") or "annotations" not in metadata:
        return manifest
    return {**manifest, "metadata": {key: value for key, value in metadata.items() if key != "annotations"}}


def good_revision(history: list[Mapping[str, Any]]) -> int | None:
    """Return the last revision that was in force, to which a stuck release goes back; None if none was.

    Args:
        history: the entries of `helm history`.
    """
    good = [int(entry["revision"]) for entry in history if entry["status"] in ("deployed", "superseded")]
    return max(good, default=None)


def _bare_all(objects: Mapping[Reference, Manifest]) -> dict[Reference, Manifest]:
    return {about: bare(manifest) for about, manifest in objects.items()}


def _is_test(hook: Manifest) -> bool:
    return all(occasion in _TESTS for occasion in occasions(hook))
