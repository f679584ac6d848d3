"""Route 53 zones and records."""

from __future__ import annotations

import uuid
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, caseless

# The types of records that AWS creates with a zone and deletes with it.
_OF_THE_ZONE = ("NS", "SOA")


def _zone_id(value: Any) -> Any:
    return value.removeprefix("/hostedzone/") if isinstance(value, str) else value


class Zone(Resource):
    """aws_route53_zone."""

    type = "aws_route53_zone"
    service = "route53"
    label = "Route 53 Hosted Zone"
    gone = ("NoSuchHostedZone",)
    args = frozen(
        {**emulated("comment", "force_destroy", "vpc.vpc_id", "vpc.vpc_region"), "name": Arg(same=caseless)}
    )
    reads = frozen({"name_servers": "list(string)"})

    @override
    def create(self, place: Place, new: Values) -> str:
        networks = [{"VPCId": each["vpc_id"], "VPCRegion": each["vpc_region"] or place.region} for each in new["vpc"]]
        answer = place.client("route53").create_hosted_zone(
            Name=new["name"],
            CallerReference=f"terraform-{uuid.uuid4()}",
            HostedZoneConfig={"Comment": new["comment"], "PrivateZone": bool(networks)},
            **given(VPC=networks[0] if networks else None),
        )
        return str(_zone_id(answer["HostedZone"]["Id"]))

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["tags_all"]:
            self.tag(place, new, new["tags_all"], [])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        if "comment" in changed:
            place.client("route53").update_hosted_zone_comment(Id=state["id"], Comment=new["comment"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        route53, identity = place.client("route53"), state["id"]
        found = route53.get_hosted_zone(Id=identity)
        zone, servers = found["HostedZone"], sorted(found.get("DelegationSet", {}).get("NameServers", []))
        tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=identity)
        networks = [{"vpc_id": each["VPCId"], "vpc_region": each["VPCRegion"]} for each in found.get("VPCs", [])]
        return {
            "arn": f"arn:aws:route53:::hostedzone/{identity}",
            "zone_id": identity,
            "name": zone["Name"].rstrip("."),
            "comment": zone.get("Config", {}).get("Comment", ""),
            "name_servers": servers,
            "primary_name_server": servers[0] if servers else None,
            "vpc": networks,
            "tags_all": from_pairs(tags["ResourceTagSet"].get("Tags")),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        changes = given(AddTags=as_pairs(added), RemoveTagKeys=removed)
        place.client("route53").change_tags_for_resource(ResourceType="hostedzone", ResourceId=state["id"], **changes)

    @override
    def delete(self, place: Place, state: Values) -> None:
        if state["force_destroy"]:
            self._empty(place, state["id"])
        place.client("route53").delete_hosted_zone(Id=state["id"])

    def _empty(self, place: Place, identity: str) -> None:
        route53 = place.client("route53")
        pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=identity)
        found = [each for page in pages for each in page["ResourceRecordSets"] if each["Type"] not in _OF_THE_ZONE]
        for each in found:
            _change(place, identity, "DELETE", each)


def _record_id(new: Values) -> str:
    parts = (new["zone_id"], new["name"].lower().rstrip("."), new["type"], new["set_identifier"])
    return "_".join(str(part) for part in parts if part)


class Record(Resource):
    """aws_route53_record: simple, alias and weighted records. Its id is zone_name_type, with _set in a record set."""

    type = "aws_route53_record"
    service = "route53"
    label = "Route 53 Record"
    gone = ("NoSuchHostedZone",)
    args = frozen(
        {
            **emulated(
                "alias.zone_id",
                "alias.evaluate_target_health",
                "allow_overwrite",
                "records",
                "set_identifier",
                "ttl",
                "type",
                "weighted_routing_policy.weight",
            ),
            "alias.name": Arg(same=caseless),
            "name": Arg(same=caseless),
            "zone_id": Arg(same=_zone_id),
        }
    )
    follows = frozen({"type": ("id",), "set_identifier": ("id",)})

    @override
    def create(self, place: Place, new: Values) -> str:
        verb = "UPSERT" if new["allow_overwrite"] else "CREATE"
        _change(place, new["zone_id"], verb, self._wanted(place, new))
        return _record_id(new)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values:
        if changed & {"type", "set_identifier"}:
            self.delete(place, state)
        _change(place, new["zone_id"], "UPSERT", self._wanted(place, new))
        return {"id": _record_id(new)}

    def _wanted(self, place: Place, new: Values) -> dict[str, Any]:
        alias = [
            {
                "DNSName": each["name"],
                "HostedZoneId": each["zone_id"],
                "EvaluateTargetHealth": bool(each["evaluate_target_health"]),
            }
            for each in new["alias"]
        ]
        weights = [int(each["weight"]) for each in new["weighted_routing_policy"]]
        return {"Name": self._full_name(place, new), "Type": new["type"]} | given(
            AliasTarget=alias[0] if alias else None,
            ResourceRecords=[{"Value": _quoted(new["type"], value)} for value in new["records"] or []],
            SetIdentifier=new["set_identifier"],
            TTL=int(new["ttl"]) if new["ttl"] is not None else None,
            Weight=weights[0] if weights else None,
        )

    def _full_name(self, place: Place, new: Values) -> str:
        """Return the full name of a record, which may be written relative to its zone."""
        zone = place.client("route53").get_hosted_zone(Id=new["zone_id"])["HostedZone"]["Name"].rstrip(".")
        name = new["name"].lower().rstrip(".")
        if name in ("", zone):
            return str(zone)
        return name if name.endswith(f".{zone}") else f"{name}.{zone}"

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        full = self._full_name(place, state)
        found = self._find(place, state, full)
        if found is None:
            return None
        alias, values = found.get("AliasTarget"), found.get("ResourceRecords") or []
        return {
            "fqdn": full,
            "alias": [_found_alias(alias)] if alias else [],
            "records": [_unquoted(state["type"], each["Value"]) for each in values],
            "ttl": found.get("TTL"),
            "weighted_routing_policy": [{"weight": found["Weight"]}] if "Weight" in found else [],
        }

    def _find(self, place: Place, state: Values, full: str) -> Any:
        answer = place.client("route53").list_resource_record_sets(
            HostedZoneId=state["zone_id"], StartRecordName=full, StartRecordType=state["type"]
        )
        for each in answer["ResourceRecordSets"]:
            named = each["Name"].rstrip(".").replace("\\052", "*") == full and each["Type"] == state["type"]
            if named and each.get("SetIdentifier") == (state["set_identifier"] or None):
                return each
        return None

    @override
    def delete(self, place: Place, state: Values) -> None:
        found = self._find(place, state, self._full_name(place, state))
        if found is not None:
            _change(place, state["zone_id"], "DELETE", found)


def _change(place: Place, zone: str, verb: str, record: Any) -> None:
    batch = {"Changes": [{"Action": verb, "ResourceRecordSet": record}]}
    place.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def _found_alias(found: Any) -> Values:
    return {
        "name": found["DNSName"],
        "zone_id": found["HostedZoneId"],
        "evaluate_target_health": found["EvaluateTargetHealth"],
    }


def _quoted(kind: str, value: str) -> str:
    return f'"{value}"' if kind in ("TXT", "SPF") and not value.startswith('"') else value


def _unquoted(kind: str, value: str) -> str:
    return value.removeprefix('"').removesuffix('"') if kind in ("TXT", "SPF") else value


RESOURCES: tuple[type[Resource], ...] = (Zone, Record)
