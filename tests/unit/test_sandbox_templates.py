"""Templates in the sandbox: how they are read, what their functions come to, loops, rules, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.intrinsics import LATER
from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.loading import parsed
from deployments.sandbox.aws_server.cloudformation.parameters import unfit
from deployments.sandbox.aws_server.cloudformation.refusals import failure, refuse_invalid, refuse_not_emulated
from deployments.sandbox.aws_server.cloudformation.templates import Template

QUEUE = {"Type": "AWS::SQS::Queue"}


def template(document: dict[str, Any] | str, **parameters: str) -> Template:
    text = document if isinstance(document, str) else json.dumps(document)
    return Template(text, parameters, "id", "orders", "222222222222", "us-east-1", lookup=lambda name: f"<{name}>")


def came_to(value: Any, *, made: dict[str, Made] | None = None, **sections: Any) -> Any:
    """What a value comes to as a property of a resource."""
    resources = {"Q": QUEUE, "It": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}}
    found = template({"Resources": resources, **sections}).properties("It", made or {})
    return found.get("DisplayName", "nothing")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes", True),
        ("0123", 83),
        ("030", 24),
        ("0o17", "0o17"),
        ("22:30", 1350),
        ("'0123'", "0123"),
        ("!!str 0123", "0123"),
        ("2012-10-17", "2012-10-17"),
        ("true", True),
        ("30", 30),
        ("1.5", 1.5),
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!Sub ['${A}', {A: b}]", {"Fn::Sub": ["${A}", {"A": "b"}]}),
        ("!Condition A", {"Condition": "A"}),
    ],
)
def test_scalars_are_read_as_cloudformation_reads_them(text: str, value: Any) -> None:
    assert parsed(f"Value: {text}") == {"Value": value}


def test_a_name_of_digits_is_found_in_a_mapping() -> None:
    text = """
    Mappings: {Accounts: {222222222222: {Team: shop, Since: 1.10}}}
    Resources:
      T: {Type: AWS::SNS::Topic, Properties: {DisplayName: !FindInMap [Accounts, !Ref AWS::AccountId, Team]}}
      V:
        Type: AWS::SNS::Topic
        Properties: {DisplayName: !Sub ["v${S}", {S: !FindInMap [Accounts, !Ref AWS::AccountId, Since]}]}
    """
    assert template(text).properties("T", {}) == {"DisplayName": "shop"}
    assert template(text).properties("V", {}) == {"DisplayName": "v1.1"}


def test_aliases_are_refused_as_by_aws() -> None:
    with pytest.raises(ValidationError, match="YAML aliases are not allowed in CloudFormation templates"):
        parsed("Resources: {A: &a {Type: AWS::SNS::Topic}, B: *a}")


def test_json_may_be_indented_by_tabs() -> None:
    assert parsed('{\n\t"Resources": {}\n}') == {"Resources": {}}


@pytest.mark.parametrize("text", ["- a", "a: [", "a: 1\n---\nb: 2"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="Template format error"):
        parsed(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-us-east-1"),
        ({"Fn::Sub": "${AWS::StackName}-${!kept}"}, "orders-${kept}"),
        ({"Fn::Sub": ["${A}-${B}", {"A": "a", "B": {"Ref": "AWS::AccountId"}}]}, "a-222222222222"),
        ({"Fn::Sub": "${Q.Arn}-x"}, LATER),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", ["a", "b"]]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "us-east-1a"),
        ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, [f"us-east-1{letter}" for letter in "abcdef"]),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Base64": "a"}, "YQ=="),
        ({"Fn::ToJsonString": {"a": [1]}}, '{"a":[1]}'),
        ({"Fn::Length": ["a", "b"]}, 2),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "A"]}, "found"),
        ({"Fn::FindInMap": ["M", "elsewhere", "A", {"DefaultValue": "else"}]}, "else"),
        ({"Fn::If": ["Here", "yes", "no"]}, "yes"),
        ({"Fn::If": ["There", "yes", {"Ref": "AWS::NoValue"}]}, "nothing"),
        ([{"Ref": "AWS::NoValue"}, "a"], ["a"]),
        ({"Ref": "Q"}, LATER),
        ({"Fn::GetAtt": ["Q", "Arn"]}, LATER),
    ],
)
def test_what_functions_come_to(value: Any, expected: Any) -> None:
    conditions = {
        "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
        "There": {"Fn::And": [{"Condition": "Here"}, {"Fn::Not": [{"Condition": "Here"}]}]},
    }
    mappings = {"M": {"us-east-1": {"A": "found"}}}
    more = {"Transform": "AWS::LanguageExtensions"}
    assert came_to(value, Conditions=conditions, Mappings=mappings, **more) == expected


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Ref": "Nobody"}, r"Unresolved resource dependencies \[Nobody\]"),
        ({"Fn::FindInMap": ["M", "b", "A"]}, "Unable to get mapping for M::b::A"),
        ({"Fn::Select": [3, ["a"]]}, "cannot select nonexistent value at index 3"),
        ({"Fn::ImportValue": "nobodys"}, "No export named nobodys found"),
        ({"Fn::If": ["Unknown", "a", "b"]}, "Unresolved condition dependency Unknown"),
        ({"Fn::Wished": "a"}, "the sandbox does not emulate Fn::Wished"),
    ],
)
def test_what_functions_cannot_come_to_is_refused(value: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        came_to(value, Mappings={"M": {"a": {"A": "x"}}})


def test_what_is_made_is_known() -> None:
    made = {"Q": Made("url", {"Arn": "arn"})}
    assert came_to({"Fn::Sub": "${Q}-${Q.Arn}"}, made=made) == "url-arn"


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("Number", "30", 30),
        ("Number", "030", "030"),
        ("Number", "1.50", "1.50"),
        ("Number", "1e1", "1e1"),
        ("CommaDelimitedList", "a, b", ["a", "b"]),
        ("List<AWS::EC2::Subnet::Id>", "a,b", ["a", "b"]),
        ("AWS::SSM::Parameter::Value<String>", "/name", "</name>"),
        ("AWS::SSM::Parameter::Value<List<String>>", "/name", ["</name>"]),
    ],
)
def test_parameters_have_the_value_of_their_type(kind: str, given: str, value: Any) -> None:
    body = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "P"}}}
    made = template({"Parameters": {"P": {"Type": kind}}, "Resources": {"T": body}}, P=given)
    assert made.properties("T", {})["DisplayName"] == value


@pytest.mark.parametrize(
    ("slot", "given", "told"),
    [
        ({"Type": "Number"}, "1_000", "must be a number"),
        ({"Type": "Number"}, "nan", "must be a number"),
        ({"Type": "Number"}, ".5", ""),
        ({"Type": "List<Number>"}, "80, http", "must be a number"),
        ({"Type": "List<Number>"}, "80, 443", ""),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+"}, "a, b", ""),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+"}, "a, 2", "must match pattern"),
    ],
)
def test_every_item_of_a_list_is_checked(slot: dict[str, Any], given: str, told: str) -> None:
    found = unfit(slot, given)
    assert told in found if told else not found


@pytest.mark.parametrize(
    ("kind", "given", "missing"),
    [
        ("AWS::EC2::VPC::Id", "vpc-00000000", "vpc-00000000"),
        ("AWS::EC2::Instance::Id", "i-00000000", "i-00000000"),
        ("AWS::EC2::KeyPair::KeyName", "nobodys", "nobodys"),
        ("AWS::EC2::SecurityGroup::GroupName", "nobodys", "nobodys"),
        ("List<AWS::EC2::SecurityGroup::Id>", "sg-00000000", "sg-00000000"),
        ("AWS::EC2::Subnet::Id", "subnet-00000000", "subnet-00000000"),
        ("AWS::EC2::Volume::Id", "vol-00000000", "vol-00000000"),
        ("AWS::Route53::HostedZone::Id", "Z0", "Z0"),
        ("List<AWS::EC2::AvailabilityZone::Name>", "us-east-1a, us-east-1z", "us-east-1z"),
        ("List<AWS::EC2::AvailabilityZone::Name>", "us-east-1a,us-east-1b", ""),
        ("String", "vpc-00000000", ""),
    ],
)
def test_what_a_parameter_of_an_aws_type_names_has_to_exist(kind: str, given: str, missing: str) -> None:
    made = template({"Parameters": {"P": {"Type": kind}}, "Resources": {"Q": QUEUE}}, P=given)
    told = f"Parameter validation failed: parameter value {missing} for parameter name P does not exist"
    assert failure(made) == (told if missing else "")


def parameter(value: str) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}


def database(password: str) -> dict[str, Any]:
    return {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": password}}


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (
            parameter("a{{resolve:ssm-secure:/one:1}}"),
            "SSM Secure reference is not supported in: [AWS::SSM::Parameter/Properties/Value]",
        ),
        (database("{{resolve:ssm-secure:/one:1}}"), ""),
        (
            database("{{resolve:ssm-secure:/one:}}"),
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm-secure:/one:}}]",
        ),
        (parameter("{{resolve:ssm:/one}}"), ""),
    ],
)
def test_a_secure_string_can_be_used_in_few_properties(resource: dict[str, Any], told: str) -> None:
    assert failure(template({"Resources": {"It": resource}})) == told


@pytest.mark.parametrize(
    "document",
    [
        {"Globals": {"Function": {"Timeout": 3}}, "Resources": {"Q": QUEUE}},
        {"Resources": {"Q": {**QUEUE, "Connectors": {}}}},
    ],
)
def test_what_sam_adds_is_refused_without_its_transform(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Invalid template"):
        _ = template(document).document


def test_an_output_cannot_be_left_out_by_its_value() -> None:
    chosen = {"Fn::If": ["No", "x", {"Ref": "AWS::NoValue"}]}
    made = template(
        {
            "Conditions": {"No": {"Fn::Equals": ["a", "b"]}},
            "Resources": {"Q": QUEUE},
            "Outputs": {"X": {"Value": chosen}},
        }
    )
    with pytest.raises(ValidationError, match=r"Output X is malformed\. The Value field"):
        made.outputs({})


def test_resources_are_made_as_declared_but_behind_what_they_refer_to() -> None:
    late = {**QUEUE, "DependsOn": "C"}
    made = template({"Resources": {"A": late, "B": QUEUE, "C": QUEUE, "D": QUEUE}})
    assert list(made.resources) == ["C", "A", "B", "D"]


LOOP = {
    "Transform": "AWS::LanguageExtensions",
    "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "red,blue"}},
    "Resources": {
        "Fn::ForEach::Queues": [
            "Name",
            {"Ref": "Names"},
            {"Queue${Name}": {**QUEUE, "Properties": {"QueueName": {"Fn::Sub": "${Name}-orders"}}}},
        ]
    },
    "Outputs": {
        "Fn::ForEach::Urls": ["Name", ["red"], {"Url${Name}": {"Value": {"Ref": {"Fn::Sub": "Queue${Name}"}}}}]
    },
}


def test_loops_are_written_out() -> None:
    made = template(LOOP)
    assert list(made.resources) == ["Queuered", "Queueblue"]
    assert made.properties("Queueblue", {}) == {"QueueName": "blue-orders"}
    assert [output["OutputKey"] for output in made.outputs({})] == ["Urlred"]


def test_loops_want_their_transform() -> None:
    with pytest.raises(ValidationError, match="Fn::ForEach needs Transform"):
        template({**LOOP, "Transform": []}).resources  # noqa: B018


@pytest.mark.parametrize(
    "document",
    [
        {"Transform": ["AWS::LanguageExtensions", "Count"], "Resources": {"Q": QUEUE}},
        {"Resources": {"Q": {**QUEUE, "Fn::Transform": {"Name": "Count"}}}},
    ],
)
def test_macros_are_not_emulated(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="the sandbox does not emulate Transform Count"):
        template(document).resources  # noqa: B018


RULE = {
    "RuleCondition": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
    "Assertions": [{"Assert": {"Fn::Contains": [["a", "b"], {"Ref": "Zone"}]}, "AssertDescription": "a or b"}],
}


@pytest.mark.parametrize(
    ("size", "zone", "good"), [("large", "a", True), ("large", "c", False), ("small", "c", True)]
)
def test_rules_hold_parameters_to_their_assertions(size: str, zone: str, good: bool) -> None:
    slots = {name: {"Type": "String"} for name in ("Size", "Zone")}
    made = template({"Parameters": slots, "Rules": {"Zones": RULE}, "Resources": {"Q": QUEUE}}, Size=size, Zone=zone)
    if good:
        made.refuse_wrong_parameters()
        return
    with pytest.raises(ValidationError, match=r"Template validation error: a or b \(rule Zones\)"):
        made.refuse_wrong_parameters()


def test_a_default_is_held_to_what_values_are_held_to() -> None:
    slot = {"Type": "String", "Default": "A1", "AllowedPattern": "[a-z]+"}
    with pytest.raises(ValidationError, match="Parameter 'P' must match pattern"):
        template({"Parameters": {"P": slot}, "Resources": {"Q": QUEUE}}).refuse_wrong_parameters()


@pytest.mark.parametrize(
    ("kind", "properties", "told"),
    [
        ("AWS::SQS::Queue", {"Sqs": 1}, r"#: extraneous key \[Sqs\] is not permitted"),
        ("AWS::EC2::Route", {"DestinationCidrBlock": "0.0.0.0/0"}, r"#: required key \[RouteTableId\] not found"),
        ("AWS::Logs::LogGroup", {"RetentionInDays": 8}, "#/RetentionInDays: 8 is not a valid enum value"),
        ("AWS::Logs::LogGroup", {"LogGroupName": "a b"}, "#/LogGroupName: 'a b' does not match"),
        ("AWS::Lambda::Function", {"Code": {}, "Role": "no arn"}, "#/Role: 'no arn' does not match"),
        ("AWS::EC2::Instance", {"Tags": "x"}, "#/Tags: expected type: JSONArray, found: String"),
        ("AWS::ECS::Cluster", {"CapacityProviders": {}}, "#/CapacityProviders: .* is not of type 'array'"),
        ("AWS::Events::Rule", {"ScheduleExpression": "x" * 257}, "#/ScheduleExpression: .* is too long"),
    ],
)
def test_properties_that_aws_refuses_are_refused_by_the_plan(
    kind: str, properties: dict[str, Any], told: str
) -> None:
    made = template({"Resources": {"It": {"Type": kind, "Properties": properties}}})
    with pytest.raises(ValidationError, match=f"Properties validation failed for resource It with message: {told}"):
        refuse_invalid(made)


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::SQS::Queue", {"DelaySeconds": "5", "FifoQueue": "true"}),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "7"}),
        ("AWS::Logs::LogGroup", {"LogGroupName": {"Fn::GetAtt": ["Other", "QueueName"]}}),
        ("AWS::RDS::DBInstance", {"DBInstanceClass": "{{resolve:ssm:/class}}"}),
    ],
)
def test_numbers_as_text_and_what_is_known_later_are_not_refused(kind: str, properties: dict[str, Any]) -> None:
    refuse_invalid(template({"Resources": {"It": {"Type": kind, "Properties": properties}, "Other": QUEUE}}))


def asking(kind: str, attribute: str) -> dict[str, Any]:
    named = {"QueueName": {"Fn::GetAtt": ["It", attribute]}}
    return {"It": {"Type": kind}, "Q": {**QUEUE, "Properties": named}}


def declaring(kind: str, **properties: Any) -> dict[str, Any]:
    return {"It": {"Type": kind, "Properties": properties}}


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        (
            declaring("AWS::EC2::Instance", ImageId="ami-0123456789abcdef0"),
            r"the sandbox does not emulate image ami-0123456789abcdef0 \[It\]",
        ),
        (
            asking("AWS::EC2::VPC", "Ipv6CidrBlocks"),
            r"the sandbox does not emulate Ipv6CidrBlocks of AWS::EC2::VPC \[It\] for Fn::GetAtt",
        ),
        (
            asking("AWS::EC2::VPC", "Wished"),
            "resource AWS::EC2::VPC does not support attribute type Wished in Fn::GetAtt",
        ),
        (
            declaring("AWS::ElasticLoadBalancing::LoadBalancer", Listeners=[{"PolicyNames": ["a"]}]),
            r"the sandbox does not emulate Listeners/PolicyNames of .* \[It\]",
        ),
        (
            declaring("AWS::EC2::Instance", BlockDeviceMappings=[{"Ebs": {"VolumeType": "io1", "Iops": 200}}]),
            "the sandbox does not emulate BlockDeviceMappings/Ebs/VolumeType=io1 of AWS::EC2::Instance",
        ),
        (
            declaring("AWS::DirectoryService::SimpleAD", EnableSso=True),
            r"the sandbox does not emulate EnableSso=true of .* \[It\]",
        ),
    ],
)
def test_what_is_not_emulated_of_a_type_is_refused_by_the_plan(resources: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        refuse_not_emulated(template({"Resources": resources}))
