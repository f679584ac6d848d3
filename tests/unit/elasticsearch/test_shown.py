"""What plans show of objects: no secrets, and that one has changed."""

from __future__ import annotations

from typing import Any

from tasks.domain.values import CHANGED, MASK
from tasks.engines.elasticsearch import shown
from tasks.engines.elasticsearch.addresses import COMPONENT, ISM, PIPELINE, Address


def pipeline(password: str, field: str = "a") -> dict[str, Any]:
    return {"processors": [{"enrich_by_http": {"field": field, "password": password}}]}


def test_a_secret_of_a_processor_is_not_shown() -> None:
    assert shown.shown(PIPELINE, pipeline("hunter2hunter2"))["processors"] == [
        {"enrich_by_http": {"field": "a", "password": MASK}}
    ]


def test_the_address_of_a_webhook_is_not_shown() -> None:
    hook = {"notification": {"destination": {"slack": {"url": "https://hooks.example/T0/B1"}}, "subject": "x"}}
    policy = {"policy": {"states": [{"name": "hot", "actions": [hook]}]}}
    assert "hooks.example" not in str(shown.shown(ISM, policy))


def test_names_of_fields_and_analyzers_are_no_secrets() -> None:
    analysis = {"analyzer": {"a": {"tokenizer": "standard"}}}
    body = {"template": {"settings": {"analysis": analysis}, "mappings": {"properties": {"token": {"type": "text"}}}}}
    assert MASK not in str(shown.shown(COMPONENT, body))
    assert MASK in str(shown.shown(COMPONENT, {"template": {}, "_meta": {"url": "https://anna:hunter2@example"}}))


def test_a_secret_that_changes_is_a_change_that_shows_neither() -> None:
    before, after = shown.change(PIPELINE, pipeline("hunter2hunter2"), pipeline("swordfish123"))
    assert before["processors"][0]["enrich_by_http"]["password"] == MASK
    assert after["processors"][0]["enrich_by_http"]["password"] == CHANGED
    before, after = shown.change(PIPELINE, pipeline("hunter2hunter2"), pipeline("hunter2hunter2", "b"))
    assert after["processors"][0]["enrich_by_http"] == {"field": "b", "password": MASK}


def test_another_secret_has_another_fingerprint_and_without_any_the_key_is_not_asked_for() -> None:
    address = Address(PIPELINE, "a")
    one, other = (shown.fingerprint({address: pipeline(word)}, lambda: b"key") for word in ("hunter2", "swordfish"))
    assert one != other
    assert one == shown.fingerprint({address: pipeline("hunter2")}, lambda: b"key")

    def asked() -> bytes:
        raise AssertionError("the key was asked for")

    assert shown.fingerprint({address: {"processors": []}}, asked) == ""
