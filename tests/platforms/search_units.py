"""Units of the engine elasticsearch for tests: releases that are made in a test, on a server, one after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tasks.domain.logging import ElasticsearchServer
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan
from tasks.domain.platform import Environment
from tasks.engines import ENGINES
from tasks.engines.base import Workspace
from tasks.engines.contract import Story, Subject

ENGINE = ENGINES["elasticsearch"]
Files = Mapping[str, Any]
"""{path in the unit's folder: JSON, or the text itself}."""


@dataclass
class Search:
    """A unit whose releases are made here, and the server that it is applied to."""

    url: str
    prefix: str
    folder: Path
    releases: dict[str, Files] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=60)
        environment = Environment("dev", elasticsearch=ElasticsearchServer(self.url))
        self.story = _Unit(Subject(ENGINE, self._files, lambda: None, environment=environment), self.folder)
        self.story.options = self.options

    def released(self, name: str, files: Files) -> str:
        self.releases[name] = files
        return name

    def promoted(self, name: str, files: Files) -> Plan:
        """Plan and apply a release; a second plan has nothing left to do."""
        plan = self.story.plan(self.released(name, files))
        self.story.received(plan, self.story.apply(plan))
        assert self.story.plan(name).changes == ()
        assert self.story.engine(name).verify().outcome is Outcome.SUCCEEDED
        return plan

    def findings(self, files: Files) -> list[str]:
        """What the simulation has against a release."""
        workspace = self.story.workspace(self.released(f"tested-{len(self.releases)}", files))
        return [f"{each.rule}: {each.message}" for each in ENGINE.validators["simulation"].find(workspace)]

    def put(self, path: str, body: Any) -> None:
        answer = self.client.put(path, json=body)
        assert answer.status_code == 200, answer.text

    def get(self, path: str) -> Any:
        return self.client.get(path).json()

    def index(self, stream: str, document: Any) -> None:
        written = {"@timestamp": "2026-11-25T10:00:00Z", **document}
        answer = self.client.post(f"/{stream}/_doc?refresh=true", json=written)
        assert answer.status_code == 201, answer.text

    def exists(self, path: str) -> bool:
        return self.client.get(path).status_code == 200

    def _files(self, name: str) -> Mapping[str, str]:
        return {
            path: content if isinstance(content, str) else json.dumps(content)
            for path, content in self.releases[name].items()
        }


class _Unit(Story):
    options: Mapping[str, Any] = {}

    def workspace(self, colour: str) -> Workspace:
        made = super().workspace(colour)
        return replace(made, unit=replace(made.unit, options=self.options))


def actions(plan: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in plan.changes}


def template(prefix: str, **more: Any) -> dict[str, Any]:
    settings = {"number_of_replicas": 0}
    return {
        "index_patterns": [f"{prefix}-*"],
        "data_stream": {},
        "priority": 300,
        "template": {"settings": settings},
        **more,
    }


def fields(**types: str) -> dict[str, Any]:
    return {"template": {"mappings": {"properties": {name: {"type": kind} for name, kind in types.items()}}}}


def saved(name: str, title: str, *refers_to: str, **attributes: Any) -> dict[str, Any]:
    kind, _, own = name.partition("/")
    references = [dict(zip(("type", "id"), other.split("/"), strict=True), name=other) for other in refers_to]
    return {"type": kind, "id": own, "attributes": {"title": title, **attributes}, "references": references}
