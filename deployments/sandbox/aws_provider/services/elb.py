"""Load balancers, and the common parts of all types of their API: attributes that are stored as text, by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given, wait_until
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values

# The longest name that ELB allows.
LONGEST_NAME = 32

_BALANCER = {
    "client_keep_alive": "client_keep_alive.seconds",
    "desync_mitigation_mode": "routing.http.desync_mitigation_mode",
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "enable_cross_zone_load_balancing": "load_balancing.cross_zone.enabled",
    "enable_deletion_protection": "deletion_protection.enabled",
    "enable_http2": "routing.http2.enabled",
    "enable_waf_fail_open": "waf.fail_open.enabled",
    "enable_xff_client_port": "routing.http.xff_client_port.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
    "preserve_host_header": "routing.http.preserve_host_header.enabled",
    "xff_header_processing_mode": "routing.http.xff_header_processing.mode",
}
_LOGS = {"bucket": "access_logs.s3.bucket", "prefix": "access_logs.s3.prefix", "enabled": "access_logs.s3.enabled"}


class Elb(Resource):
    """A type whose objects have their ARN as id, and ELB tags."""

    service = "elbv2"

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("elbv2").remove_tags(ResourceArns=[state["id"]], TagKeys=removed)
        if added:
            place.client("elbv2").add_tags(ResourceArns=[state["id"]], Tags=as_pairs(added))

    def tags_of(self, place: Place, arn: str) -> dict[str, str]:
        """Return the tags of an object."""
        return from_pairs(place.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


class LoadBalancer(Elb):
    """aws_lb: application load balancers."""

    type = "aws_lb"
    label = "ELBv2 Load Balancer"
    gone = ("LoadBalancerNotFound",)
    args = frozen(
        emulated(
            "name",
            "name_prefix",
            "access_logs.bucket",
            "access_logs.prefix",
            "access_logs.enabled",
            "client_keep_alive",
            "desync_mitigation_mode",
            "drop_invalid_header_fields",
            "enable_cross_zone_load_balancing",
            "enable_deletion_protection",
            "enable_http2",
            "enable_waf_fail_open",
            "enable_xff_client_port",
            "idle_timeout",
            "internal",
            "ip_address_type",
            "load_balancer_type",
            "preserve_host_header",
            "security_groups",
            "subnets",
            "xff_header_processing_mode",
        )
    )
    follows = frozen({"subnets": ("subnet_mapping",)})

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("elbv2").create_load_balancer(
            Name=name_for(new, "tf-lb-", LONGEST_NAME),
            Type=new["load_balancer_type"],
            Scheme="internal" if new["internal"] else "internet-facing",
            **given(
                Subnets=new["subnets"],
                SecurityGroups=new["security_groups"],
                IpAddressType=new["ip_address_type"],
                Tags=as_pairs(new["tags_all"]),
            ),
        )
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        self._set(place, new["id"], as_text(new, _BALANCER) | self._logs(new))
        wait_until(lambda: self._find(place, new["id"])["State"]["Code"] == "active", f"{new['id']} is active")

    def _logs(self, new: Values) -> dict[str, str]:
        return as_text(new["access_logs"][0], _LOGS) if new["access_logs"] else {}

    def _set(self, place: Place, arn: str, attributes: Mapping[str, str]) -> None:
        if attributes:
            place.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=as_pairs(attributes)
            )

    def _find(self, place: Place, arn: str) -> Any:
        return place.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        elb, arn = place.client("elbv2"), state["id"]
        attributes = as_text({name: new[name] for name in changed & _BALANCER.keys()}, _BALANCER)
        if "access_logs" in changed:
            attributes |= self._logs(new) or {"access_logs.s3.enabled": "false"}
        self._set(place, arn, attributes)
        if "subnets" in changed:
            elb.set_subnets(LoadBalancerArn=arn, Subnets=new["subnets"])
        if "security_groups" in changed:
            elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=new["security_groups"])
        if "ip_address_type" in changed:
            elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=new["ip_address_type"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        arn = state["id"]
        found = self._find(place, arn)
        answer = place.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)
        attributes = from_pairs(answer["Attributes"])
        logs = {name: typed(attributes.get(key, "")) for name, key in _LOGS.items()}
        return from_text(attributes, _BALANCER) | {
            "arn": arn,
            "arn_suffix": arn.partition(":loadbalancer/")[2],
            "name": found["LoadBalancerName"],
            "access_logs": [{**logs, "enabled": logs["enabled"] is True}],
            "dns_name": found["DNSName"],
            "internal": found["Scheme"] == "internal",
            "ip_address_type": found.get("IpAddressType"),
            "load_balancer_type": found["Type"],
            "security_groups": found.get("SecurityGroups", []),
            "subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]],
            "subnet_mapping": [{"subnet_id": zone["SubnetId"]} for zone in found["AvailabilityZones"]],
            "vpc_id": found["VpcId"],
            "zone_id": found["CanonicalHostedZoneId"],
            "tags_all": self.tags_of(place, arn),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("elbv2").delete_load_balancer(LoadBalancerArn=state["id"])


def as_text(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Convert arguments to attributes.

    Args:
        values: the values of the arguments; None is left out.
        names: {argument: key of the attribute}.
    """
    return {key: text(values[name]) for name, key in names.items() if values.get(name) is not None}


def from_text(attributes: Mapping[str, str], names: Mapping[str, str]) -> Values:
    """Convert attributes to arguments. `names` is {argument: key of the attribute}."""
    return {name: typed(attributes[key]) for name, key in names.items() if key in attributes}


def text(value: Any) -> str:
    """Convert one argument to an attribute."""
    return str(value).lower() if isinstance(value, bool) else str(whole(value))


def typed(value: str) -> Any:
    """Convert one attribute to an argument: a boolean, a number or text."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.isdigit() else value


def whole(value: Any) -> Any:
    """Convert floats to integers, because Terraform's numbers may be floats but ports and seconds are not."""
    return int(value) if isinstance(value, float) else value


RESOURCES: tuple[type[Resource], ...] = (LoadBalancer,)
