"""The place of a state: the same text for the same state, another one for another, and nobody's password."""

from __future__ import annotations

import pytest

from tasks.engines.terraform import backends
from tasks.engines.terraform.backends import Backend

S3 = {"bucket": "states", "key": "app"}


@pytest.mark.parametrize(
    ("kind", "settings", "place"),
    [
        ("s3", S3, "s3://states/app"),
        ("s3", {**S3, "endpoints": {"s3": "https://minio.dev:9000/"}}, "s3://states/app at minio.dev:9000"),
        ("s3", {**S3, "endpoints": [{"s3": "http://minio.dev:9000"}]}, "s3://states/app at minio.dev:9000"),
        ("s3", {**S3, "endpoint": "minio.dev:9000"}, "s3://states/app at minio.dev:9000"),
        ("s3", {**S3, "endpoints": {"dynamodb": "http://db"}}, "s3://states/app"),
        (
            "kubernetes",
            {"secret_suffix": "app", "token": "hush"},
            'kubernetes:{"secret_suffix": "app"}:default',
        ),
        ("pg", {"conn_str": "postgres://me:hush@DB.dev/states"}, "pg:db.dev/states:terraform_remote_state:default"),
        ("pg", {"conn_str": "postgres://db.dev/states", "schema_name": "app"}, "pg:db.dev/states:app:default"),
        (
            "pg",
            {"conn_str": "user=me password=hush host=db.dev dbname=x"},
            "pg:dbname=x host=db.dev:terraform_remote_state:default",
        ),
        ("pg", {"schema_name": "app"}, ""),
        ("http", {"address": "https://me:hush@gitlab.dev/state/app"}, "https://gitlab.dev/state/app"),
        ("http", {"address": "https://gitlab.dev/state/app"}, "https://gitlab.dev/state/app"),
        ("http", {}, ""),
    ],
)
def test_a_place_says_where_and_not_who_asks(kind: str, settings: dict[str, object], place: str) -> None:
    assert backends.place(Backend(kind, settings)) == place


def test_the_name_of_a_secret_is_none_and_a_token_is() -> None:
    assert not backends.names_secrets(Backend("kubernetes", {"secret_suffix": "app"}))
    assert backends.names_secrets(Backend("kubernetes", {"secret_suffix": "app", "token": "hush"}))


@pytest.mark.parametrize(
    ("kind", "settings", "workspace", "told"),
    [
        ("local", {"path": "/states/app"}, backends.DEFAULT, ""),
        ("local", {"path": "/states/app"}, "dev", "relative workspace_dir terraform.tfstate.d for workspace dev"),
        ("local", {"path": "/states/app"}, "{environment}", "relative workspace_dir terraform.tfstate.d for"),
        ("local", {"workspace_dir": "spaces"}, "dev", "relative workspace_dir spaces for workspace dev"),
        ("local", {"workspace_dir": "/states"}, "dev", ""),
        (
            "local",
            {"workspace_dir": "/states"},
            backends.DEFAULT,
            "relative path terraform.tfstate, in the temporary",
        ),
        ("inmem", {}, backends.DEFAULT, "forgets its state with each command"),
        ("s3", {}, "dev", ""),
    ],
)
def test_a_state_outlives_a_run(kind: str, settings: dict[str, str], workspace: str, told: str) -> None:
    found = backends.fault(Backend(kind, settings), workspace)
    assert told in found
    assert bool(told) is bool(found)
