"""Records of hosted zones: single records, and groups that are changed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.arguments import argument, input_of
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text, refuse
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties

_RECORD = frozenset(
    {
        *("AliasTarget", "Failover", "GeoLocation", "HealthCheckId", "MultiValueAnswer", "Name"),
        *("Region", "ResourceRecords", "SetIdentifier", "TTL", "Type", "Weight"),
    }
)
_ZONE = frozenset({"Comment", "HostedZoneId", "HostedZoneName"})
_Record = Mapping[str, Any]


class RecordSets(Kind):
    """AWS::Route53::RecordSetGroup."""

    properties = _ZONE | {"RecordSets"}

    def unknown(self, p: Properties) -> list[str]:
        inside = {key for record in self.records(p) for key in record} - _RECORD - _ZONE
        return sorted({*super().unknown(p), *inside})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        zone = _zone(aws, p)
        _change(aws, zone, [("CREATE", record) for record in _wanted(self.records(p))])
        return Made(self.id(name, p), {}, {"zone": zone})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        before, after = _by_key(self.records(old)), _by_key(self.records(new))
        gone = [("DELETE", record) for key, record in before.items() if key not in after]
        _change(aws, made.seen["zone"], [*gone, *(("UPSERT", record) for record in after.values())])

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        there = _there(aws, made.seen["zone"])
        own = [there[key] for key in _by_key(self.records(p)) if key in there]
        _change(aws, made.seen["zone"], [("DELETE", record) for record in own])

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        there = _there(aws, made.seen["zone"])
        found = {key: there.get(key) for key in _by_key(self.records(p))}
        if not any(found.values()):
            return None
        wanted = _by_key(self.records(p))
        return {} if found == wanted else {self.told: [record for record in found.values() if record]}

    told = "RecordSets"
    """The property that drift detection reports if a record differs."""

    def records(self, p: Properties) -> list[_Record]:
        """Return the declared records."""
        return list(p.get("RecordSets") or ())

    def id(self, name: str, p: Properties) -> str:
        """Return what Ref returns."""
        return name


class RecordSet(RecordSets):
    """AWS::Route53::RecordSet."""

    properties = _ZONE | _RECORD
    told = "ResourceRecords"

    def records(self, p: Properties) -> list[_Record]:
        return [{key: value for key, value in p.items() if key not in _ZONE}]

    def id(self, name: str, p: Properties) -> str:
        return as_text(p["Name"])


def _zone(aws: Clients, p: Properties) -> str:
    if "HostedZoneId" in p:
        return str(p["HostedZoneId"])
    name = str(p.get("HostedZoneName", "")).rstrip(".") + "."
    found = aws("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    zones = [zone["Id"].rpartition("/")[2] for zone in found if zone["Name"] == name]
    if len(zones) != 1:
        raise refuse(f"{len(zones)} hosted zones found with name {name}")
    return str(zones[0])


def _wanted(records: Iterable[_Record]) -> list[_Record]:
    """Return records in the service's form."""
    batch: Any = input_of("route53", "change_resource_record_sets").members["ChangeBatch"]
    shape = batch.members["Changes"].member.members["ResourceRecordSet"]
    values = [
        {**record, "ResourceRecords": [{"Value": as_text(value)} for value in record["ResourceRecords"]]}
        if "ResourceRecords" in record
        else record
        for record in records
    ]
    found = [argument(shape, {k: v for k, v in record.items() if k not in _ZONE}, {}) for record in values]
    return [{**record, "Name": record["Name"].rstrip(".") + "."} for record in found]


def _by_key(records: Iterable[_Record]) -> dict[tuple[str, ...], _Record]:
    return {_key(record): record for record in _wanted(records)}


def _key(record: _Record) -> tuple[str, ...]:
    return record["Name"], record["Type"], record.get("SetIdentifier", "")


def _there(aws: Clients, zone: str) -> dict[tuple[str, ...], _Record]:
    try:
        pages = aws("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        return {_key(record): record for page in pages for record in page["ResourceRecordSets"]}
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchHostedZone":
            return {}
        raise


def _change(aws: Clients, zone: str, changes: list[tuple[str, _Record]]) -> None:
    if changes:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
