"""Creates the backends that units name for their states: buckets and lock tables in S3 and DynamoDB.

Promotions create none, because a plan may not write. What a Terragrunt repository names in `remote_state` is created
and corrected (`prepare`), as Terragrunt itself does. What Terraform roots name is only created if it is missing
(`provide`), and otherwise left as its owner configured it: Terraform creates no backend.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tasks import manifest
from tasks.aws import asking
from tasks.bootstrap.buckets import OURS, bucket_settings, names_of, tags_of
from tasks.bootstrap.policies import document, file_of
from tasks.bootstrap.settings import AppliedSetting, Setting, reader, settle
from tasks.domain.platform import Environment, Platform
from tasks.engines.terraform import named_files
from tasks.engines.terraform.backends import Backend, declared
from tasks.engines.terragrunt import answers, commands, finding
from tasks.engines.terragrunt.finding import Terragrunt
from tasks.engines.terragrunt.preparation import as_repository
from tasks.engines.terragrunt.record import NO_TERRAGRUNT
from tasks.processes import Processes
from tasks.releases.completion import Executable, tools
from tasks.run_folder import run_folder

Client = Callable[[str, str], Any]
"""`client(service, region)`: a boto3 client with credentials of the account to prepare."""


_SKIPPED = {
    "skip_bucket_versioning": "versioning",
    "skip_bucket_ssencryption": "encryption",
    "skip_bucket_public_access_blocking": "closed to the public",
    "skip_bucket_enforced_tls": "only over TLS",
}
"""The options of `remote_state` with which Terragrunt skips a setting -> that setting."""


def of_terragrunt(infrastructure: Path, environment: str, executable: Executable) -> tuple[Backend, ...]:
    """Return the backends of an environment's Terragrunt units; empty without a block `terragrunt`.

    Args:
        infrastructure: a working tree. It is copied, because stacks are generated.
        environment: the environment's name.
        executable: returns the programs to run.

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


def of_terraform(infrastructure: Path, platform: Platform, environment: Environment) -> tuple[Backend, ...]:
    """Return the buckets that an environment's Terraform roots name in its account.

    Only buckets that the code states literally are included.
    """
    root = manifest.root(infrastructure, platform)
    units = [manifest.resolve(platform, environment.name, each.name) for each in platform.units_in(environment.name)]
    found = [
        declared(root / unit.source, named_files.backend_settings(root, unit))
        for unit in units
        if unit.engine == "terraform" and unit.account in ("", environment.account)
    ]
    return tuple(each for each in found if each and is_bucket(each))


def is_bucket(backend: Backend) -> bool:
    """Tell whether a backend is an S3 bucket whose location and lock table are literal values in the code."""
    values = [str(backend.settings.get(each, "")) for each in ("bucket", "region", "dynamodb_table")]
    return backend.kind == "s3" and bool(values[0]) and not any("${" in each for each in values)


def lock_table(environment: Environment, backend: Backend) -> str:
    """Return the ARN of a backend's lock table; empty without one."""
    name = backend.settings.get("dynamodb_table")
    region = _region(environment, backend)
    return f"arn:aws:dynamodb:{region}:{environment.account}:table/{name}" if name else ""


def prepare(
    platform: Platform, environment: Environment, infrastructure: Path, backends: tuple[Backend, ...], client: Client
) -> tuple[AppliedSetting, ...]:
    """Create or correct the buckets and lock tables of backends in S3. Other backends are left to their owners.

    Args:
        platform: the platform, for tags.
        environment: the environment of the units.
        infrastructure: the folder of platform.yaml.
        backends: the backends that the units name.
        client: returns boto3 clients with administrator credentials.

    Returns:
        The result for each setting, in order.

    Raises:
        Refused: the credentials are not sufficient, or a bucket has another owner.
        Unanswered: AWS did not respond.
    """
    done: dict[str, AppliedSetting] = {}
    with asking(f"prepare the backends of {environment.name}"):
        for backend in filter(is_bucket, backends):
            bucket = _bucket(platform, environment, infrastructure, backend, client)
            for setting in (*bucket, *_tables(platform, environment, backend, client)):
                if setting.name not in done:
                    done[setting.name] = settle(setting)
    return tuple(done.values())


def provide(
    platform: Platform, environment: Environment, infrastructure: Path, backends: Sequence[Backend], client: Client
) -> tuple[AppliedSetting, ...]:
    """Create the buckets and lock tables that are missing; arguments and errors are those of `prepare`.

    A bucket that an earlier, interrupted run created is completed. A bucket in another account counts as
    existing: its owner decides who may use it.
    """
    with asking(f"make the backends of {environment.name}"):
        missing = (
            setting
            for backend in backends
            for setting in _missing(platform, environment, infrastructure, backend, client)
        )
        return tuple(settle(setting) for setting in missing)


def others(backends: tuple[Backend, ...]) -> tuple[str, ...]:
    """Return the kinds of backends that this module does not prepare."""
    return tuple(sorted({backend.kind for backend in backends} - {"s3", "local"}))


def _of_units(terragrunt: Terragrunt, environment: str, root: str) -> Iterator[Backend]:
    found = finding.find(terragrunt, {environment: root})
    for unit in found.environments[environment].units:
        folder = terragrunt.infrastructure / root / unit.path
        backend = answers.backend(terragrunt.read(commands.render(terragrunt.tools.terragrunt), folder))
        if backend and not unit.excluded:
            yield backend


def _missing(
    platform: Platform, environment: Environment, infrastructure: Path, backend: Backend, client: Client
) -> Iterator[Setting]:
    bucket, *others, tags = _bucket(platform, environment, infrastructure, backend, client)
    tables = _tables(platform, environment, backend, client)
    if not _is_there(bucket):
        # Tags come first, so that the next run recognises the bucket of an interrupted run and completes it.
        yield from (bucket, tags, *others)
    elif _is_ours(tags):
        yield from others
    yield from (table for table in tables if not table.read())


def _is_there(bucket: Setting) -> bool:
    """Tell whether a bucket of that name exists, even in another account (403) or another region (301)."""
    try:
        return bucket.read() is not None
    except ClientError as error:
        if error.response["Error"]["Code"] in ("403", "301"):
            return True
        raise


def _is_ours(tags: Setting) -> bool:
    """Tell whether a bucket has the tag of this tool; False if its tags cannot be read."""
    try:
        return OURS in (tags.read() or ())
    except ClientError:
        return False


def _bucket(
    platform: Platform, environment: Environment, infrastructure: Path, backend: Backend, client: Client
) -> Iterator[Setting]:
    region = _region(environment, backend)
    names = names_of(platform, environment, str(backend.settings["bucket"]))
    policy = document(file_of(infrastructure, "state-bucket"), names)
    left_out = {description for key, description in _SKIPPED.items() if backend.settings.get(key)}
    for setting in bucket_settings(client("s3", region), region, names, policy):
        if setting.name.rpartition(", ")[2] not in left_out:
            yield setting


def _tables(platform: Platform, environment: Environment, backend: Backend, client: Client) -> Iterator[Setting]:
    if table := backend.settings.get("dynamodb_table"):
        tags = tags_of(names_of(platform, environment, str(backend.settings["bucket"])))
        yield _table(client("dynamodb", _region(environment, backend)), str(table), tags)


def _region(environment: Environment, backend: Backend) -> str:
    return str(backend.settings.get("region") or environment.region)


def _table(dynamodb: Any, name: str, tags: Sequence[Mapping[str, str]]) -> Setting:
    """Return the lock table that Terraform's S3 backend requires."""
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
