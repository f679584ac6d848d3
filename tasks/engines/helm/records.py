"""helm's records of revisions, where a rollback reads what it sends: edited for as long as helm reads it.

`helm rollback` has no post-renderer: it sends the manifest that it recorded. It compares that with the newest
revision to see what goes, so a copy under a new number would not do. The form is helm's own
(`pkg/storage/driver/secrets.go`): a Secret `sh.helm.release.v1.<release>.v<revision>` with gzipped JSON in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Reference
from tasks.domain.errors import FlowmartError, Refused

log = structlog.get_logger("flowmart.helm")

_SECRETS = ("", "secret", "secrets")
"""The values of HELM_DRIVER with which revisions are Secrets."""


def are_in_reach(variables: Mapping[str, str]) -> bool:
    """Whether helm keeps its revisions where they can be edited."""
    return variables.get("HELM_DRIVER", "") in _SECRETS


@contextmanager
def edited(
    cluster: Cluster, release: str, namespace: str, revision: int, edit: Callable[[str], str]
) -> Iterator[None]:
    """While this lasts, the record of a revision has its manifest edited; then it has its own again.

    Raises:
        Refused: there is no such record.
    """
    about = Reference("v1", "Secret", namespace, f"sh.helm.release.v1.{release}.v{revision}")
    before = _replaced(cluster, about, edit)
    try:
        yield
    finally:
        try:
            _replaced(cluster, about, lambda _: before)
        except FlowmartError as error:
            # Only ignored fields differ in it: what is worth knowing, and no reason to call the rollback failed.
            log.warning("record of a revision stays edited", record=str(about), why=str(error))


def _replaced(cluster: Cluster, about: Reference, edit: Callable[[str], str]) -> str:
    """Replace the manifest in a record, and nothing else of it, which helm may have changed; the manifest before."""
    live = cluster.read(about)
    if live is None:
        raise Refused(f"{about}: helm has no record of that revision; plan again")
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(live["data"]["release"]))))
    before = str(record["manifest"])
    data = {"release": _packed({**record, "manifest": edit(before)})}
    metadata = {"name": about.name, "namespace": about.namespace}
    # A record that helm has written in between is another one.
    metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
    item = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    cluster.apply(about, item, force=True)
    return before


def _packed(record: Mapping[str, Any]) -> str:
    text = gzip.compress(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    return base64.b64encode(base64.b64encode(text)).decode()
