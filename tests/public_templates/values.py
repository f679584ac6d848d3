"""Values for parameters without a default: by name where a pattern asks for something, else by type.

What a type names has to be there: `Neighbours` makes it once for all templates, in the default VPC of the account.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.aws_server.cloudformation.parameters import unfit
from tests.public_templates.templates import PublicTemplate

ACCOUNT = "222222222222"
_IMAGE = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"
BUCKET = "flowmart-public-templates"
_BY_NAME = (
    (r"^CreateVPCFlowLogsTo", "Yes"),
    (r"(?i)password|secret", "Ab1-Cd2.Ef3_Gh4"),
    (r"(?i)e-?mail", "someone@flowmart.example"),
    (r"^(NotificationBucket|BucketName)$", "flowmart-public-fresh"),
    (r"(?i)keyprefix$", ""),
    (r"(?i)bucket", BUCKET),
    (r"(?i)endpoint", f"arn:aws:sqs:us-east-1:{ACCOUNT}:somebodys"),
    (r"(?i)directoryid", "d-0000000000"),
    (r"(?i)(user|admin).*(name)?$", "administrator"),
    (r"(?i)account", ACCOUNT),
    (r"(?i)orgid|organizationid|principalorg", "o-abcdefghij"),
    (r"(?i)(organizational|ou).*id", "ou-abcd-abcdefgh"),
    (r"(?i)cidr|location", "10.1.0.0/24"),
    (r"(?i)version$", "1.31"),
    (r"(?i)polic(y|ies)", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    (r"(?i)region", "us-east-1"),
    (r"(?i)hostedzonename|domain|dns", "flowmart.example"),
    (r"(?i)busarn", f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"),
    (r"(?i)kms.*key", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"),
    (r"(?i)rolearn", f"arn:aws:iam::{ACCOUNT}:role/flowmart-apply"),
)
"""Patterns of names, and a value for what is called so."""
_SECRET = re.compile(r"\{\{resolve:secretsmanager:([\w/-]+):SecretString:(\w+)")


@dataclass(frozen=True)
class Neighbours:
    """What templates ask to be there already: type -> ids; and whether a parameter of the Systems Manager is."""

    ids: Mapping[str, tuple[str, ...]]
    has_parameter: Callable[[str], bool]

    def of(self, kind: str) -> tuple[str, ...]:
        """The ids of a type, such as AWS::EC2::Subnet::Id."""
        return self.ids.get(kind, ())


def neighbours(client: Callable[[str], Any]) -> Neighbours:
    """Make a key pair and find the default network."""
    ec2 = client("ec2")
    ec2.create_key_pair(KeyName="somebody")
    client("s3").create_bucket(Bucket=BUCKET)
    client("sqs").create_queue(QueueName="somebodys")
    client("iam").create_instance_profile(InstanceProfileName="CloudWatchAgentAdminRole")
    [vpc] = [found["VpcId"] for found in ec2.describe_vpcs()["Vpcs"] if found["IsDefault"]]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    places = {found["AvailabilityZone"]: found["SubnetId"] for found in subnets}
    zones = sorted(places)[:4]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    other = ec2.create_vpc(CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    peering = made["VpcPeeringConnectionId"]
    certificate = client("acm").request_certificate(DomainName="flowmart.example")["CertificateArn"]
    zone = client("route53").create_hosted_zone(Name="flowmart.example", CallerReference="one")["HostedZone"]["Id"]
    return Neighbours(
        {
            "AWS::EC2::KeyPair::KeyName": ("somebody",),
            "AWS::EC2::VPC::Id": (vpc,),
            "AWS::EC2::Subnet::Id": tuple(places[zone] for zone in zones),
            "AWS::EC2::SecurityGroup::Id": tuple(found["GroupId"] for found in groups[:1]),
            "AWS::EC2::AvailabilityZone::Name": tuple(zones),
            "AWS::EC2::Image::Id": (ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"],),
            "AWS::EC2::RouteTable::Id": (tables[0]["RouteTableId"],),
            "AWS::EC2::VPCPeeringConnection::Id": (peering,),
            "AWS::CertificateManager::Certificate": (certificate,),
            "AWS::CertificateManager::Certificate::Id": (certificate.rpartition("/")[2],),
            "AWS::Route53::HostedZone::Id": (zone.rpartition("/")[2],),
        },
        lambda name: bool(client("ssm").get_parameters(Names=[name])["Parameters"]),
    )


def bring_about(client: Callable[[str], Any], template: PublicTemplate) -> None:
    """Make the secrets that a template refers to by name, and put the templates beside it in a bucket."""
    if template.folder and "TemplateURL" in template.text:
        for file in (file for file in template.folder.iterdir() if file.is_file()):
            client("s3").put_object(Bucket=BUCKET, Key=f"templates/{file.name}", Body=file.read_bytes())
    secrets = client("secretsmanager")
    there = {found["Name"] for found in secrets.list_secrets()["SecretList"]}
    for name, key in _SECRET.findall(template.text):
        if name not in there:
            secrets.create_secret(Name=name, SecretString=json.dumps({key: "Ab1-Cd2.Ef3_Gh4"}))
            there.add(name)


def values_for(document: Mapping[str, Any], there: Neighbours) -> dict[str, str]:
    """A value for every parameter that has no default, or one that is no value; no two name the same subnet."""
    slots: Mapping[str, Mapping[str, Any]] = document.get("Parameters") or {}
    wanted = {name: slot for name, slot in slots.items() if "Default" not in slot or _is_left_open(slot, there)}
    counts: Counter[str] = Counter()
    found = {}
    for name, slot in wanted.items():
        kind = str(slot.get("Type", "String"))
        found[name] = _value(name, slot, there, counts[kind])
        counts[kind] += 1
    return found


def _is_left_open(slot: Mapping[str, Any], there: Neighbours) -> bool:
    """Whether the default is no value: empty where something must be named, or the name of nothing."""
    kind, default = str(slot.get("Type", "")), str(slot["Default"])
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return not there.has_parameter(default)
    return default == "" and (kind.startswith(("AWS::EC2", "List<AWS", "AWS::Route53")) or bool(unfit(slot, "")))


def _value(name: str, slot: Mapping[str, Any], there: Neighbours, number: int) -> str:
    kind = str(slot.get("Type", "String"))
    if "AllowedValues" in slot:
        return str(slot["AllowedValues"][0])
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return _IMAGE
    if kind == "Number":
        return str(slot.get("MinValue", 1))
    bare = re.sub(r"^List<(.*)>$", r"\1", kind)
    if found := there.of(bare) or _by_words(name, there):
        turned = (*found[number % len(found) :], *found[: number % len(found)])
        return ",".join(turned) if kind.startswith(("List<", "Comma")) else turned[0]
    return _fitting(name, slot)


def _by_words(name: str, there: Neighbours) -> tuple[str, ...]:
    """Ids for a parameter that is text, and whose name says what it is of."""
    words = {
        r"(?i)^vpc(id)?$|vpcid": "AWS::EC2::VPC::Id",
        r"(?i)subnet(s|id|ids)?\d?$": "AWS::EC2::Subnet::Id",
        r"(?i)routetableid": "AWS::EC2::RouteTable::Id",
        r"(?i)peeringconnection": "AWS::EC2::VPCPeeringConnection::Id",
        r"(?i)certificateid": "AWS::CertificateManager::Certificate::Id",
        r"(?i)certificate": "AWS::CertificateManager::Certificate",
        r"(?i)securitygroup": "AWS::EC2::SecurityGroup::Id",
        r"(?i)keyname|keypair": "AWS::EC2::KeyPair::KeyName",
        r"(?i)hostedzoneid": "AWS::Route53::HostedZone::Id",
        r"(?i)imageid|^ami": "AWS::EC2::Image::Id",
    }
    return next((there.of(kind) for pattern, kind in words.items() if re.search(pattern, name)), ())


def _fitting(name: str, slot: Mapping[str, Any]) -> str:
    """The first value that the pattern and lengths allow, those by name first."""
    named = [value for pattern, value in _BY_NAME if re.search(pattern, name)]
    others = [value for _, value in _BY_NAME]
    plain = ["flowmart", "flow", "", "1", "arn:aws:s3:::flowmart", "https://flowmart.example", "10.1.0.5", "true"]
    return next((value for value in [*named, *plain, *others] if not unfit(slot, value)), "flowmart")
