"""Data sources for the current account, region, partition and availability zones."""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import COMPUTED, PLAIN, frozen
from deployments.sandbox.aws_provider.resource import DataSource
from deployments.sandbox.aws_provider.services.policy_document import PolicyDocument
from deployments.sandbox.aws_provider.values import Values


class CallerIdentity(DataSource):
    """aws_caller_identity."""

    type = "aws_caller_identity"
    service = "sts"
    label = "STS Caller Identity"

    @override
    def read(self, place: Place, config: Values, filled: Values) -> Values:
        identity = place.aws.identity
        return {
            "id": identity["Account"],
            "account_id": identity["Account"],
            "arn": identity["Arn"],
            "user_id": identity["UserId"],
        }


class Region(DataSource):
    """aws_region."""

    type = "aws_region"
    service = "ec2"
    label = "EC2 Region"
    args = frozen({"name": COMPUTED, "region": COMPUTED, "endpoint": COMPUTED})

    @override
    def read(self, place: Place, config: Values, filled: Values) -> Values:
        region = config["region"] or config["name"] or place.region
        names = {"id": region, "name": region, "region": region}
        return {**names, "endpoint": f"ec2.{region}.amazonaws.com", "description": f"the sandbox's {region}"}


class Partition(DataSource):
    """aws_partition."""

    type = "aws_partition"
    service = "sts"
    label = "Partition"

    @override
    def read(self, place: Place, config: Values, filled: Values) -> Values:
        return {"id": "aws", "partition": "aws", "dns_suffix": "amazonaws.com", "reverse_dns_prefix": "com.amazonaws"}


class AvailabilityZones(DataSource):
    """aws_availability_zones."""

    type = "aws_availability_zones"
    service = "ec2"
    label = "EC2 Availability Zones"
    args = frozen(
        {
            "state": PLAIN,
            "all_availability_zones": PLAIN,
            "exclude_names": PLAIN,
            "exclude_zone_ids": PLAIN,
            "filter.*": PLAIN,
        }
    )
    reads = frozen({"names": "list(string)", "zone_ids": "list(string)", "group_names": "set(string)"})

    # Attributes that moto does not return. All of its zones are availability zones that need no opt-in.
    _FIXED = frozen({"opt-in-status": "opt-in-not-required", "zone-type": "availability-zone"})

    @override
    def read(self, place: Place, config: Values, filled: Values) -> Values:
        zones = place.client("ec2").describe_availability_zones()["AvailabilityZones"]
        zones = sorted((zone for zone in zones if self._wanted(zone, config)), key=lambda zone: zone["ZoneName"])
        return {
            "id": place.region,
            "names": [zone["ZoneName"] for zone in zones],
            "zone_ids": [zone["ZoneId"] for zone in zones],
            "group_names": sorted({zone.get("GroupName") or place.region for zone in zones}),
        }

    def _wanted(self, zone: Values, config: Values) -> bool:
        facts = {"state": zone["State"], "zone-name": zone["ZoneName"], "zone-id": zone["ZoneId"], **self._FIXED}
        facts |= {"region-name": zone["RegionName"], "group-name": zone.get("GroupName") or zone["RegionName"]}
        filters = [(each["name"], each["values"]) for each in config["filter"] or []]
        return (
            config["state"] in (None, zone["State"])
            and zone["ZoneName"] not in (config["exclude_names"] or [])
            and zone["ZoneId"] not in (config["exclude_zone_ids"] or [])
            and all(facts.get(name) in values for name, values in filters)
        )


DATA_SOURCES: tuple[type[DataSource], ...] = (CallerIdentity, Region, Partition, AvailabilityZones, PolicyDocument)
