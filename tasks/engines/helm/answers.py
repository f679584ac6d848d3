"""What helm answers, parsed into the product's words. Pure: golden tests hold it without running anything."""

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
_SMALL = 2**19
_TESTS = ("test", "test-success", "test-failure")


@dataclass(frozen=True)
class Installed:
    """One revision of a release: what it is made of, and the objects that its hooks make for a while.

    The pods of `helm test` are in neither: nothing that a promotion does makes them. `began` is when helm began the
    revision, in ISO 8601; empty for what is only rendered. `repeated` are objects that it declares more than once,
    `size` is how many bytes helm's record of it has, if these are many.
    """

    revision: int
    status: str
    objects: Mapping[Reference, Manifest] = field(default_factory=dict)
    hooks: Mapping[Reference, Manifest] = field(default_factory=dict)
    began: str = ""
    repeated: tuple[Reference, ...] = ()
    size: int = 0

    @property
    def basis(self) -> str:
        """What a plan was computed from."""
        return f"{self.revision}/{self.status}"

    @property
    def everything(self) -> dict[Reference, Manifest]:
        """Objects and hooks: a hook that changes is a change of the release, too."""
        return {**self.objects, **self.hooks}

    @property
    def stuck(self) -> bool:
        """Whether the helm that worked on it did not come to an end: nothing can be done before that is cleared."""
        return self.status.startswith("pending-") or self.status == "uninstalling"

    def is_over(self, seconds: float) -> bool:
        """Whether a helm that began this revision has ended by its time limit, wherever it ran."""
        began = datetime.fromisoformat(self.began) if self.began else datetime.fromtimestamp(0, UTC)
        return time.time() - began.timestamp() > seconds


def installed(answer: Mapping[str, Any], namespace: str) -> Installed:
    """What `helm status` and `helm upgrade` answer as JSON."""
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
    """About how large helm's record is (`pkg/storage/driver/util.go`); 0 when it is small for sure."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return len(base64.b64encode(gzip.compress(text, 9))) if len(text) > _SMALL else 0


def rendered(objects: Mapping[Reference, Manifest]) -> Installed:
    """What `helm template` renders: hooks are told from the rest by their annotation."""
    hooks = {about: manifest for about, manifest in objects.items() if _hooked(manifest)}
    return Installed(
        revision=0,
        status="rendered",
        objects=_bare_all({about: manifest for about, manifest in objects.items() if about not in hooks}),
        hooks=_bare_all({about: manifest for about, manifest in hooks.items() if not _is_test(manifest)}),
    )


def bare(manifest: Manifest) -> Manifest:
    """Without annotations that are none (`annotations: {}`): helm 4 takes them away whenever a post-renderer runs."""
    metadata = manifest["metadata"]
    if metadata.get("annotations") or "annotations" not in metadata:
        return manifest
    return {**manifest, "metadata": {key: value for key, value in metadata.items() if key != "annotations"}}


def good_revision(history: list[Mapping[str, Any]]) -> int | None:
    """The revision that a stuck release goes back to: the last one that was in force; `None` when none was."""
    good = [int(entry["revision"]) for entry in history if entry["status"] in ("deployed", "superseded")]
    return max(good, default=None)


def _bare_all(objects: Mapping[Reference, Manifest]) -> dict[Reference, Manifest]:
    return {about: bare(manifest) for about, manifest in objects.items()}


def _hooked(manifest: Manifest) -> list[str]:
    """The occasions on which helm makes the object; none for one that belongs to the release."""
    said = str((manifest["metadata"].get("annotations") or {}).get(_HOOK, ""))
    return [occasion.strip() for occasion in said.split(",") if occasion.strip()]


def _is_test(hook: Manifest) -> bool:
    return all(occasion in _TESTS for occasion in _hooked(hook))
