"""Watches: send the current objects, then every change, until the client disconnects or the time is up.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

Bookmarks are supported, and so are initial events in the stream (`sendInitialEvents`, KEP-3157).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.api import reading
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.answers import View
from deployments.sandbox.kubernetes.api.reading import Query
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.selectors import Matches, combined
from deployments.sandbox.kubernetes.storage import ADDED, DELETED, MODIFIED, Event, Store, Subscription

_BOOKMARKS = 30.0
"""Seconds between two bookmarks."""


@dataclass(frozen=True)
class Watch:
    """The parameters of one watch."""

    store: Store
    address: Address
    query: Query
    view: View
    matches: Matches

    @property
    def bookmarks(self) -> bool:
        """Tell whether the client accepts bookmarks."""
        return self.query.get("allowWatchBookmarks") in ("1", "true")

    @property
    def initial(self) -> bool:
        """Tell whether the stream starts with the current objects, closed by a bookmark."""
        return self.query.get("sendInitialEvents") in ("1", "true")

    @property
    def seconds(self) -> float:
        """Return how long the watch lasts, in seconds. By default 30 to 60 minutes, as a real API server chooses."""
        given = self.query.get("timeoutSeconds")
        return float(given) if given else 1800 + random.random() * 1800  # noqa: S311 only spreads the ends


async def watch(request: web.Request, store: Store, address: Address, view: View) -> web.StreamResponse:
    """Stream a watch until it ends."""
    query = dict(request.query)
    if address.name:
        query["fieldSelector"] = f"metadata.name={address.name}"
    matches = combined(address.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    wanted = Watch(store, address, query, view, matches)
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    # Subscribe before reading the current objects, so that no change in between is lost.
    subscription = Subscription(store, address.resource)
    try:
        await answer.prepare(request)
        for message in _first(wanted):
            await _send(answer, message)
        await _follow(wanted, subscription, answer)
    except ConnectionResetError:
        return answer
    finally:
        subscription.close()
    return answer


def _first(wanted: Watch) -> Iterator[Object]:
    since = wanted.query.get("resourceVersion", "")
    if since in ("", "0") or wanted.initial:
        for item in reading.selected(wanted.store, wanted.address, wanted.query):
            yield {"type": ADDED, "object": wanted.view.one(item)}
        if wanted.initial:
            yield _bookmark(wanted, {"k8s.io/initial-events-end": "true"})
        return
    events = wanted.store.since(int(since))
    if events is None:
        yield {"type": "ERROR", "object": status.expired(since).status}
        return
    for event in events:
        yield from _messages(wanted, event)


async def _follow(wanted: Watch, subscription: Subscription, answer: web.StreamResponse) -> None:
    end, sent = time.monotonic() + wanted.seconds, wanted.store.revision
    next_bookmark = time.monotonic() + _BOOKMARKS
    while (left := end - time.monotonic()) > 0:
        event = await subscription.next(min(left, max(next_bookmark - time.monotonic(), 0.01)))
        if event is not None and event.revision > sent:
            sent = event.revision
            for message in _messages(wanted, event):
                await _send(answer, message)
        if time.monotonic() >= next_bookmark:
            next_bookmark += _BOOKMARKS
            if wanted.bookmarks:
                await _send(answer, _bookmark(wanted, {}))


def _messages(wanted: Watch, event: Event) -> Iterator[Object]:
    """Translate a write for a watch with a selector: an object may enter or leave the selection."""
    address = wanted.address
    here = (event.key.group, event.key.plural) == address.resource.place
    if not here or (address.namespace and event.key.namespace != address.namespace):
        return
    before = event.previous is not None and wanted.matches(event.previous)
    now = event.type != DELETED and wanted.matches(event.object)
    kind = {(False, True): ADDED, (True, True): MODIFIED, (True, False): DELETED}.get((before, now))
    if kind:
        shown = reading.in_version(event.object, address.resource)
        yield {"type": kind, "object": wanted.view.one(shown)}


def _bookmark(wanted: Watch, annotations: dict[str, str]) -> Object:
    resource = wanted.address.resource
    metadata: Object = {"resourceVersion": str(wanted.store.revision), "creationTimestamp": None}
    metadata |= {"annotations": annotations} if annotations else {}
    marked = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
    return {"type": "BOOKMARK", "object": marked}


async def _send(answer: web.StreamResponse, message: Object) -> None:
    await answer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
