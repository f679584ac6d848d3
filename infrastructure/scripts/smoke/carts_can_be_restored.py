#!/usr/bin/env python3
"""Smoke check: a carts table can be restored to any second of its recovery window.

Usage: carts_can_be_restored.py TABLE

A table that is created or restored by hand loses point-in-time recovery silently: nothing fails until the day
it is needed. Exit code 0: it is on; 1: it is off, or there is no such table; 2: AWS could not be asked.
"""

import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

NO_SUCH_TABLE = {"TableNotFoundException", "ResourceNotFoundException"}


def main(table: str) -> int:
    """Say what is found on standard output, and return the exit code."""
    try:
        on = recovery(table) == "ENABLED"
    except ClientError as error:
        print(f"{table}: {error}", file=sys.stderr)
        return 1 if error.response["Error"]["Code"] in NO_SUCH_TABLE else 2
    except BotoCoreError as error:
        print(f"{table}: {error}", file=sys.stderr)
        return 2
    print(f"{table}: point-in-time recovery is {'on' if on else 'off'}")
    return 0 if on else 1


def recovery(table: str) -> str:
    """What DynamoDB says about point-in-time recovery: ENABLED or DISABLED."""
    client = boto3.client("dynamodb", region_name=os.environ.get("AWS_REGION"))
    described = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return str(described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: carts_can_be_restored.py TABLE", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
