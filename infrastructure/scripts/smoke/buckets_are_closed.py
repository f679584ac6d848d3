#!/usr/bin/env python3
"""Smoke check: buckets are closed to the public, encrypted, and keep old versions.

Usage: buckets_are_closed.py BUCKET...

Meant for the artifact, log and state buckets, whose settings are objects of their own in AWS: a bucket without
them works just as well, and nobody notices. Exit code 0: all is as it should be; 1: something is missing, or
there is no such bucket; 2: AWS could not be asked.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ABSENT = {
    "NoSuchBucket": "there is no such bucket",
    "NoSuchPublicAccessBlockConfiguration": "is not closed to the public",
    "ServerSideEncryptionConfigurationNotFoundError": "is not encrypted",
}


def main(buckets: list[str]) -> int:
    """Say what is found on standard output, and return the exit code."""
    client = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
    try:
        wrong = [f"{bucket}: {what}" for bucket in buckets for what in faults(client, bucket)]
    except (ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 2
    print("; ".join(wrong) or f"{', '.join(buckets)}: closed, encrypted, versioned")
    return 1 if wrong else 0


def faults(client: Any, bucket: str) -> list[str]:
    """What is wrong with one bucket, each fault once."""
    found = (answered(question, client, bucket) for question in (public, encrypted, versioned))
    return list(dict.fromkeys(filter(None, found)))


def answered(question: Callable[[Any, str], str], client: Any, bucket: str) -> str:
    """The fault that `question` finds; that there is no such configuration is an answer too."""
    try:
        return question(client, bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ABSENT:
            raise
        return ABSENT[code]


def public(client: Any, bucket: str) -> str:
    """Whether any of the four ways to publish it is open."""
    block = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return "" if len(block) == 4 and all(block.values()) else "is not closed to the public"


def encrypted(client: Any, bucket: str) -> str:
    """Whether there is a rule that encrypts by default."""
    rules = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return "" if rules else "is not encrypted"


def versioned(client: Any, bucket: str) -> str:
    """Whether old versions are kept."""
    status = client.get_bucket_versioning(Bucket=bucket).get("Status")
    return "" if status == "Enabled" else "does not keep old versions"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("usage: buckets_are_closed.py BUCKET...", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1:]))
