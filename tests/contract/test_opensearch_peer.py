"""The peer OpenSearch: what it must be able to do for the tests that rest on it."""

from __future__ import annotations

import httpx

from deployments.peers import opensearch as peer


def test_it_has_the_version_that_is_claimed(opensearch: str) -> None:
    version = httpx.get(opensearch, timeout=60).json()["version"]
    assert (version["distribution"], version["number"]) == ("opensearch", peer.VERSION)


def test_it_keeps_documents_of_a_stream_that_its_template_sends_through_a_pipeline(
    opensearch: str, opensearch_prefix: str
) -> None:
    name = opensearch_prefix
    with httpx.Client(base_url=opensearch, timeout=60) as client:
        grok = {"field": "message", "patterns": ["%{WORD:verb} %{NUMBER:order:int}"]}
        put = client.put(f"/_ingest/pipeline/{name}", json={"processors": [{"grok": grok}]})
        assert put.status_code == 200, put.text
        settings = {"index.default_pipeline": name, "number_of_replicas": 0}
        template = {"index_patterns": [f"{name}-*"], "data_stream": {}, "template": {"settings": settings}}
        put = client.put(f"/_index_template/{name}", json={**template, "priority": 500})
        assert put.status_code == 200, put.text
        document = {"@timestamp": "2026-11-25T10:00:00Z", "message": "ordered 7"}
        put = client.post(f"/{name}-eu/_doc?refresh=true", json=document)
        assert put.status_code == 201, put.text
        found = client.get(f"/{name}-eu/_search").json()["hits"]["hits"]
    assert [hit["_source"]["order"] for hit in found] == [7]
