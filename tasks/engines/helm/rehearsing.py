"""Asks the cluster whether it would accept what a chart renders to. Helm's own dry run sends nothing to it.

The rehearsal works as the helm in use does. Helm 4 applies server-side under its own name, which removes the fields
that a chart drops. Helm 3 patches changed objects with the difference between the two revisions. So immutable fields,
schemas, quotas and admission reject at plan time what they would otherwise reject in the middle of an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.cluster import parallel, reading
from tasks.cluster.access import Cluster, Written
from tasks.cluster.errors import Immutable, Lacking, NotPermitted
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.cluster.ownership import annotated
from tasks.cluster.placement import defined, why_not_served
from tasks.domain.errors import Refused
from tasks.engines.helm.charts import Installation
from tasks.engines.helm.definitions import Definitions
from tasks.engines.helm.options import MANAGER
from tasks.engines.helm.rendering import Foretold, Objects

_MANAGED, _HELM = "app.kubernetes.io/managed-by", "Helm"
_HOW_TO_RENEW = "helm cannot replace it: give it another name in the chart, or delete it before you promote again"
_RELEASE, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
"""How helm marks what is its own (`pkg/action/validate.go`)."""


def rehearsed(
    cluster: Cluster, before: Objects, new: Foretold, brought: Definitions, *, server_side: bool
) -> tuple[list[str], list[str]]:
    """Rehearse every object that differs from the installed revision, as one rendering of the chart has it.

    Args:
        cluster: the cluster, as the identity that reads.
        before: the objects of the installed revision.
        new: the new revision.
        brought: the custom resource definitions in the chart's crds/. Objects of those that helm is about to create
            cannot be rehearsed yet.
        server_side: whether this helm applies server-side.

    Returns:
        The objects that could not be rehearsed; and the cluster's warnings with what this identity may not rehearse.

    Raises:
        Refused: the cluster rejects an object, or does not have its kind or namespace.
    """
    unknown, notes = [], []
    for about, manifest in new.sample.objects.items():
        planned = new.installed.objects.get(about)
        if planned is not None and before.get(about) == planned:
            continue
        # Names that cannot be predicted stay out of the plan, which would be another one each time.
        named = str(about) if planned is not None else f"{about.type}, named anew each time"
        try:
            found = _asked(cluster, about, None if server_side else before.get(about), manifest)
        except NotPermitted as error:
            why = str(error) if planned is not None else "this identity may not do that"
            notes.append(f"{named} was not rehearsed: {why}")
            continue
        except Immutable as error:
            raise Refused(f"{error}; {_HOW_TO_RENEW}") from error
        except Lacking as error:
            if not error.comes_with(new.sample.objects):
                raise
            unknown.append(named)
            continue
        if found is None:
            _require_known(cluster, about, new.sample.objects, brought)
            unknown.append(named)
        else:
            notes += [f"{named}: {text}" for text in found.warnings]
    return unknown, notes


def require_free(cluster: Cluster, what: Installation, created: Iterable[Reference]) -> None:
    """Reject objects that exist and belong to another owner, as helm's own dry run does where it asks the cluster.

    Args:
        cluster: the cluster, as the identity that reads.
        what: the release.
        created: the objects that the release does not have yet.

    Raises:
        Refused: helm would not take over one of them.
    """
    each = list(created)
    reader = reading.Reader(cluster, each)
    for about, live in zip(each, parallel.each(lambda one: _readable(reader, one), each), strict=True):
        if live is not None:
            _require_owned(about, live, what)


def _readable(reader: reading.Reader, about: Reference) -> reading.Live:
    """Return the live object; None also if this identity may not read it. The apply decides about that one."""
    try:
        return reader.read(about)
    except NotPermitted:
        return None


def _require_owned(about: Reference, live: Manifest, what: Installation) -> None:
    found, wanted = annotated(live), {_RELEASE: what.release, _NAMESPACE: what.namespace}
    label = (live["metadata"].get("labels") or {}).get(_MANAGED)
    if label == _HELM and all(found.get(key) == value for key, value in wanted.items()):
        return
    other = f"release {found.get(_NAMESPACE, '?')}/{found[_RELEASE]}" if found.get(_RELEASE) else "no release"
    marks = " and ".join(f"{key}={value}" for key, value in wanted.items())
    told = f"exists, and helm does not take over what belongs to {other}"
    raise Refused(f"{about} {told}; remove it, or give it the label {_MANAGED}={_HELM} and the annotations {marks}")


def _asked(cluster: Cluster, about: Reference, before: Manifest | None, manifest: Manifest) -> Written | None:
    """Rehearse one object as a merge patch from its earlier manifest; if that is not possible, as an apply."""
    after = sent(manifest)
    found = cluster.rehearse_merge(about, merge_patch(sent(before), after)) if before else None
    return found or cluster.apply(about, after, force=True, rehearse=True, manager=MANAGER)


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch (RFC 7386) that turns `before` into `after`."""
    gone = dict.fromkeys(key for key in before if key not in after)
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return {**gone, **{key: _merged(before.get(key), value) for key, value in changed.items()}}


def _merged(before: Any, after: Any) -> Any:
    both = isinstance(before, Mapping) and isinstance(after, Mapping)
    return merge_patch(before, after) if both else after


def _require_known(cluster: Cluster, about: Reference, objects: Objects, brought: Definitions) -> None:
    """Reject an object whose kind or namespace is unknown, unless helm creates that before the object.

    helm looks up the kinds of all objects before it creates the first one, so a definition among the chart's
    templates comes too late for the objects of its kind.
    """
    if cluster.knows(about):
        if Reference("v1", "Namespace", "", about.namespace) not in objects:
            raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
        return
    kind, why = (about.group, about.kind), cluster.why_unknown(about)
    coming = defined(brought.coming.values())
    if kind in coming:
        if told := why_not_served(about, coming[kind]):
            raise Refused(told)
        return
    if kind in defined(brought.left.values()):
        why += "; helm creates what is in crds/ with the first install only, and changes nothing of it"
    elif kind in defined(objects.values()):
        why += "; helm looks for it before it creates anything, templates included: move the definition to crds/"
    raise Refused(why)
