"""Stores for releases and the ledger: a folder, or an S3 bucket for teams.

Names are slash-separated, values are bytes, and each name is written once. Create-only writes make the ledger
linearizable on a folder and on S3 alike (S3: `If-None-Match: *`). Nothing is overwritten. Only temporary objects are
removed: requests to jobs of a work pool, and their answers.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, GenericError
from obstore.store import S3Store

from tasks import own_folder
from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound, Unanswered, Unequipped
from tasks.ledger.folders import create_file, files_below, folders_below, remove_file

PASSING = "jobs"
"""The folder of objects that may be removed."""

_READERS = 16
"""How many objects are read from a bucket in parallel."""

_BATCH = 256
"""How many objects are read ahead of the consumer."""

_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Seconds to wait before each repetition of a write."""


class Store(ABC):
    """Named, immutable objects below the folder or bucket prefix `address`."""

    address: str

    @staticmethod
    def open(address: str) -> Store:
        """Open the store at `address`: a folder (created if missing) or `s3://bucket/prefix`.

        boto3 finds credentials, region and endpoint of S3: environment, profile, AWS_ENDPOINT_URL.

        Raises:
            InvalidInput: the address is neither, or the folder, the region or the credentials cannot be had.
        """
        parts = urlsplit(address)
        if parts.scheme == "s3":
            bucket = _bucket(parts.netloc, parts.path.strip("/"))
            return BucketStore(bucket(), bucket(retry_config={"max_retries": 0}), address)
        if parts.scheme not in ("", "file"):
            raise InvalidInput(f"FLOWMART_STORE={address}: set it to a folder or to s3://bucket/prefix")
        try:
            folder = Path(parts.path if parts.scheme else address).expanduser().resolve()
            own_folder.made(folder)
        except (OSError, ValueError, RuntimeError) as error:
            raise Unequipped(f"FLOWMART_STORE={address}: the folder cannot be used: {error}") from error
        return FolderStore(folder)

    @abstractmethod
    def create(self, name: str, data: bytes) -> None:
        """Write an object durably.

        Raises:
            AlreadyExists: the name is taken.
            Unanswered: the disk or S3 failed.
        """

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            NotFound: the object does not exist.
            Unanswered: the disk or S3 failed.
        """

    @abstractmethod
    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        """Return all names below the folder `prefix`, sorted; with `after`, only those that sort after it."""

    @abstractmethod
    def folders(self, prefix: str) -> tuple[str, ...]:
        """Return the names of the folders directly below the folder `prefix`, sorted, without `prefix`."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove objects below `PASSING`; objects that do not exist are ignored.

        Raises:
            InvalidInput: a name is not below `PASSING`.
            Unanswered: the disk or S3 failed, or it allows no removal.
        """
        if kept := [name for name in names if not name.startswith(f"{PASSING}/")]:
            raise InvalidInput(f"{self.address}: {kept[0]} is never removed")
        if names:
            self._remove(names)

    @abstractmethod
    def _remove(self, names: Sequence[str]) -> None:
        """Remove at least one object; the names were checked."""

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """Yield the bytes of each object, in the order of the names."""
        return map(self.read, names)


class FolderStore(Store):
    """A store in a folder. Its file system must support hard links."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = str(folder)

    def create(self, name: str, data: bytes) -> None:
        """See `Store.create`."""
        try:
            create_file(self._folder, self._path(name), data)
        except FileExistsError as error:
            if not self._path(name).is_file():
                raise Unanswered(f"{self.address}: {name} is in the way and no file; remove it") from error
            raise AlreadyExists(f"{self.address}: {name} exists already") from error
        except OSError as error:
            raise Unanswered(f"{self.address}: {name} could not be written: {error}") from error

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFound(f"{self.address}: there is no {name}") from error
        except OSError as error:
            raise Unanswered(f"{self.address}: {name} could not be read: {error}") from error

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        """See `Store.names`."""
        try:
            found = files_below(self._path(prefix), prefix)
            return tuple(sorted(name for name in found if after is None or name > after))
        except OSError as error:
            raise Unanswered(f"{self.address}: {prefix} could not be listed: {error}") from error

    def folders(self, prefix: str) -> tuple[str, ...]:
        """See `Store.folders`."""
        try:
            return tuple(sorted(folders_below(self._path(prefix))))
        except OSError as error:
            raise Unanswered(f"{self.address}: {prefix} could not be listed: {error}") from error

    def _remove(self, names: Sequence[str]) -> None:
        try:
            for name in names:
                remove_file(self._path(name))
        except OSError as error:
            raise Unanswered(f"{self.address}: {names[0]} could not be removed: {error}") from error

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise InvalidInput(f"{self.address}: {name!r} cannot be the name of an object")
        return self._folder.joinpath(*parts)


class BucketStore(Store):
    """A store in an S3 bucket, or in any S3-compatible service with conditional writes.

    Args:
        bucket: where to read, list and remove.
        writing: the same bucket without retries. After a response that was lost, a retry finds what it wrote itself.
        address: its address, for messages.
    """

    def __init__(self, bucket: S3Store, writing: S3Store, address: str) -> None:
        self._bucket = bucket
        self._writing = writing
        self.address = address

    def create(self, name: str, data: bytes) -> None:
        """See `Store.create`."""
        pauses = iter(_PAUSES)
        again = False
        while (why := self._unwritten(name, data, again=again)) is not None:
            pause = next(pauses, None)
            if pause is None:
                raise self._not_written(name, why) from why
            time.sleep(pause)
            again = True

    def _unwritten(self, name: str, data: bytes, *, again: bool) -> BaseError | None:
        """Write an object once; return why it is not there, or None. `again`: an earlier attempt may have written it.

        S3 also answers "exists" to a write that meets another one, whichever of them succeeds in the end.
        """
        try:
            obstore.put(self._writing, name, data, mode="create")
        except (AlreadyExistsError, GenericError) as error:
            try:
                found = self.read(name)
            except NotFound:
                return error
            ours = again or isinstance(error, GenericError)
            if not (ours and found == data):
                raise AlreadyExists(f"{self.address}: {name} exists already") from error
        except (BaseError, FileNotFoundError) as error:
            raise self._not_written(name, error) from error
        return None

    def _not_written(self, name: str, why: Exception) -> Unanswered:
        return Unanswered(f"{self.address}: {name} could not be written: {why}")

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        try:
            return bytes(obstore.get(self._bucket, name).bytes())
        except FileNotFoundError as error:
            raise NotFound(f"{self.address}: there is no {name}") from error
        except BaseError as error:
            raise Unanswered(f"{self.address}: {name} could not be read: {error}") from error

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """See `Store.read_all`; in parallel, because each object is one request."""
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            for begin in range(0, len(names), _BATCH):
                yield from pool.map(self.read, names[begin : begin + _BATCH])

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        """See `Store.names`."""
        try:
            pages = obstore.list(self._bucket, prefix=prefix, offset=after)
            found = sorted(entry["path"] for page in pages for entry in page)
        except (BaseError, FileNotFoundError) as error:
            raise Unanswered(f"{self.address}: {prefix} could not be listed: {error}") from error
        return tuple(name for name in found if after is None or name > after)

    def _remove(self, names: Sequence[str]) -> None:
        try:
            obstore.delete(self._bucket, list(names))
        except FileNotFoundError:
            return
        except BaseError as error:
            raise Unanswered(f"{self.address}: {names[0]} could not be removed: {error}") from error

    def folders(self, prefix: str) -> tuple[str, ...]:
        """See `Store.folders`."""
        try:
            listed = obstore.list_with_delimiter(self._bucket, prefix=prefix)
        except (BaseError, FileNotFoundError) as error:
            raise Unanswered(f"{self.address}: {prefix} could not be listed: {error}") from error
        return tuple(sorted(found.rsplit("/", 1)[-1] for found in listed["common_prefixes"]))


def _bucket(bucket: str, prefix: str) -> Callable[..., S3Store]:
    """Return what makes clients of a bucket, all with the same settings and credentials."""
    import boto3
    from obstore.auth.boto3 import Boto3CredentialProvider

    from tasks.aws_errors import asking

    with asking(f"open FLOWMART_STORE=s3://{bucket}"):
        # Terraform and the other SDKs read AWS_REGION, and boto3 does not.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        found = session.get_credentials()
    if not session.region_name:
        raise InvalidInput(
            f"FLOWMART_STORE=s3://{bucket}: no region; set AWS_REGION or the region of your AWS profile"
        )
    if found is None:
        raise InvalidInput(f"FLOWMART_STORE=s3://{bucket}: no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    more: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    return partial(
        S3Store,
        bucket,
        prefix=prefix or None,
        region=session.region_name,
        client_options={"allow_http": bool(endpoint and endpoint.startswith("http://"))},
        credential_provider=Boto3CredentialProvider(session),
        **more,
    )
