"""Units of the engine elasticsearch on a real OpenSearch."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tasks.domain.logging import ElasticsearchServer
from tasks.domain.platform import Environment
from tasks.engines import ENGINES
from tasks.engines.contract import EngineContract, Subject


def environment(url: str) -> Environment:
    return Environment("dev", elasticsearch=ElasticsearchServer(url))


class TestContract(EngineContract):
    """One index template, whose colour is in its metadata."""

    @pytest.fixture
    def subject(self, opensearch: str, opensearch_prefix: str) -> Subject:
        path = f"{opensearch}/_index_template/{opensearch_prefix}"

        def template(colour: str) -> dict[str, Any]:
            settings = {"number_of_replicas": 0, "index": {"refresh_interval": "5s"}}
            return {
                "index_patterns": [f"{opensearch_prefix}-*"],
                "data_stream": {},
                "priority": 300,
                "template": {"settings": settings, "mappings": {"dynamic": False}},
                "_meta": {"colour": colour},
            }

        def found() -> str | None:
            answer = httpx.get(path, timeout=60)
            if answer.status_code == 404:
                return None
            return str(answer.json()["index_templates"][0]["index_template"]["_meta"]["colour"])

        return Subject(
            engine=ENGINES["elasticsearch"],
            environment=environment(opensearch),
            files=lambda colour: {f"index-templates/{opensearch_prefix}.json": json.dumps(template(colour))},
            found=found,
            tamper=lambda: httpx.put(path, json=template("by hand"), timeout=60),
            differs="_meta",
        )
