"""Prepares the backends that the units of a Terragrunt repository name in `remote_state`: buckets and lock tables.

Promotions make none: a plan may not write. Each setting is read first and written only if it differs, like those of
the platform's own bucket (`tasks.bootstrap`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tasks import manifest
from tasks.aws import asking
from tasks.bootstrap import AppliedSetting, Setting, bucket_settings, document, names_of, reader, settle, tags_of
from tasks.domain.platform import Environment, Platform
from tasks.engines.terraform.backends import Backend
from tasks.engines.terragrunt import answers, commands, finding
from tasks.engines.terragrunt.finding import Terragrunt
from tasks.engines.terragrunt.preparation import as_repository
from tasks.engines.terragrunt.record import NO_TERRAGRUNT
from tasks.processes import Processes
from tasks.releases.completion import Executable, tools
from tasks.run_folder import run_folder

Client = Callable[[str, str], Any]
"""Returns the boto3 client of a service in a region, with credentials of the account that is being prepared."""

_SKIPPED = {
    "skip_bucket_versioning": "versioning",
    "skip_bucket_ssencryption": "encryption",
    "skip_bucket_public_access_blocking": "closed to the public",
    "skip_bucket_enforced_tls": "only over TLS",
}
"""The settings of `remote_state` by which Terragrunt leaves one out."""


def declared(infrastructure: Path, environment: str, executable: Executable) -> tuple[Backend, ...]:
    """The backends that the Terragrunt units of an environment name; none without a block `terragrunt`.

    Args:
        infrastructure: a working tree. It is copied, since stacks are generated.
        environment: the environment's name.
        executable: which programs to run.

    Raises:
        InvalidInput: Terragrunt is missing, or the configuration has a mistake.
    """
    block = manifest.terragrunt_block(infrastructure, manifest.load(infrastructure))
    if block is None or environment not in block.roots:
        return ()
    chosen = tools(block, executable)
    if chosen.terragrunt == NO_TERRAGRUNT:
        return ()
    with run_folder("backends") as folder:
        copy = folder / infrastructure.name
        shutil.copytree(infrastructure, copy, symlinks=True)
        as_repository(copy)
        terragrunt = Terragrunt(copy, chosen, Processes())
        return tuple(_of_units(terragrunt, environment, block.roots[environment]))


def prepare(
    platform: Platform, environment: Environment, infrastructure: Path, backends: tuple[Backend, ...], client: Client
) -> tuple[AppliedSetting, ...]:
    """Make the buckets and lock tables of backends in S3, or correct them. Others are left to their owners.

    Args:
        platform: the platform, for tags.
        environment: the environment of the units.
        infrastructure: the folder that holds bootstrap/ with the bucket's policy.
        backends: what the units name.
        client: returns boto3 clients with administrator credentials.

    Returns:
        What was done about each setting, in order.

    Raises:
        Refused: the credentials are not sufficient, or a bucket is somebody else's.
        Unanswered: AWS did not respond.
    """
    done: dict[str, AppliedSetting] = {}
    with asking(f"prepare the backends of {environment.name}"):
        for backend in backends:
            for setting in _settings(platform, environment, infrastructure, backend, client):
                if setting.name not in done:
                    done[setting.name] = settle(setting)
    return tuple(done.values())


def others(backends: tuple[Backend, ...]) -> tuple[str, ...]:
    """The kinds of backends that are not prepared here."""
    return tuple(sorted({backend.kind for backend in backends} - {"s3", "local"}))


def _of_units(terragrunt: Terragrunt, environment: str, root: str) -> Iterator[Backend]:
    found = finding.find(terragrunt, {environment: root})
    for unit in found.environments[environment].units:
        folder = terragrunt.infrastructure / root / unit.path
        backend = answers.backend(terragrunt.read(commands.render(terragrunt.tools.terragrunt), folder))
        if backend and not unit.excluded:
            yield backend


def _settings(
    platform: Platform, environment: Environment, infrastructure: Path, backend: Backend, client: Client
) -> Iterator[Setting]:
    config = backend.settings
    if backend.kind != "s3" or "bucket" not in config:
        return
    region = str(config.get("region") or environment.region)
    names = {**names_of(platform, environment), "bucket": str(config["bucket"])}
    policy = document(infrastructure / "bootstrap" / "state-bucket.json", names)
    left_out = {told for key, told in _SKIPPED.items() if config.get(key)}
    for setting in bucket_settings(client("s3", region), region, names, policy):
        if setting.name.rpartition(", ")[2] not in left_out:
            yield setting
    if table := config.get("dynamodb_table"):
        yield _table(client("dynamodb", region), str(table), tags_of(names))


def _table(dynamodb: Any, name: str, tags: Sequence[Mapping[str, str]]) -> Setting:
    """The table of locks, as Terraform's S3 backend wants it."""
    return Setting(
        f"lock table {name}",
        reader(dynamodb.describe_table, {"TableName": name}, lambda _: "exists"),
        "exists",
        partial(
            dynamodb.create_table,
            TableName=name,
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=tags,
        ),
    )
