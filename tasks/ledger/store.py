"""Where releases and the ledger live: a folder, or an S3 bucket for teams.

One small surface over obstore: names are slash-separated, values are bytes, and a name is written once.
Create-only writes are what makes the ledger linearizable on a folder and on S3 alike (S3: `If-None-Match: *`);
nothing here overwrites or deletes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound, Unanswered


class Store:
    """Named, immutable objects below one folder or bucket prefix."""

    def __init__(self, backend: LocalStore | S3Store, address: str) -> None:
        self._backend = backend
        self.address = address

    @classmethod
    def open(cls, address: str) -> Store:
        """The store at `address`: a folder's path (made when missing) or `s3://bucket/prefix`.

        Credentials, region and endpoint of S3 are boto3's: environment, profile, AWS_ENDPOINT_URL.
        """
        parts = urlsplit(address)
        if parts.scheme == "s3":
            return cls(_bucket(parts.netloc, parts.path.strip("/")), address)
        if parts.scheme not in ("", "file"):
            raise InvalidInput(f"FLOWMART_STORE={address}: a store is a folder or s3://bucket/prefix")
        folder = Path(parts.path if parts.scheme else address).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(LocalStore(prefix=folder), str(folder))

    def create(self, name: str, data: bytes) -> None:
        """Write `data` under a name that does not exist yet; `AlreadyExists` when somebody was first."""
        try:
            obstore.put(self._backend, name, data, mode="create")
        except AlreadyExistsError as error:
            raise AlreadyExists(f"{self.address}: {name} exists already") from error
        except BaseError as error:
            raise Unanswered(f"{self.address}: {name} could not be written: {error}") from error

    def read(self, name: str) -> bytes:
        """The bytes under `name`; `NotFound` when there are none."""
        try:
            return bytes(obstore.get(self._backend, name).bytes())
        except FileNotFoundError as error:
            raise NotFound(f"{self.address}: there is no {name}") from error
        except BaseError as error:
            raise Unanswered(f"{self.address}: {name} could not be read: {error}") from error

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        """All names below `prefix`, sorted; with `after`, only those that sort behind it."""
        try:
            pages = obstore.list(self._backend, prefix=prefix, offset=after)
            found = sorted(entry["path"] for page in pages for entry in page)
        except BaseError as error:
            raise Unanswered(f"{self.address}: {prefix} could not be listed: {error}") from error
        return tuple(name for name in found if after is None or name > after)


def _bucket(bucket: str, prefix: str) -> S3Store:
    import boto3
    from obstore.auth.boto3 import Boto3CredentialProvider

    session = boto3.Session()
    if not session.region_name:
        raise InvalidInput(
            f"FLOWMART_STORE=s3://{bucket}: no region; set AWS_REGION or the region of your AWS profile"
        )
    if session.get_credentials() is None:
        raise InvalidInput(f"FLOWMART_STORE=s3://{bucket}: no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    more: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    return S3Store(
        bucket,
        prefix=prefix or None,
        region=session.region_name,
        client_options={"allow_http": bool(endpoint and endpoint.startswith("http://"))},
        credential_provider=Boto3CredentialProvider(session),
        **more,
    )
