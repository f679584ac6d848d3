"""Templates: what a unit reads, takes and gives, and what its resources come to with parameters."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.domain.values import UNKNOWN
from tasks.engines.base import Interface
from tasks.engines.cloudformation import artifacts, documents, limits, plans, sources, values
from tests.platforms.workspaces import workspace

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
UNITS = sorted(file.parent.name for file in INFRASTRUCTURE.glob("cloudformation/*/template.yaml"))

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Name: {Type: String}
  Seconds: {Type: Number, Default: 30}
  Zones: {Type: List<String>, Default: a}
  Secret: {Type: String, NoEcho: true, Default: ""}
Conditions:
  Named: !Not [!Equals [!Ref Name, ""]]
  Far: !Equals [!Ref AWS::Region, us-east-1]
Mappings:
  Sizes: {dev: {Queue: 10}}
Resources:
  Orders:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    Properties:
      QueueName: !If [Named, !Sub "${Name}-${AWS::Region}", !Ref AWS::NoValue]
      VisibilityTimeout: !Ref Seconds
      Description: !Join ["-", [a, !Ref Name]]
      Size: !FindInMap [Sizes, dev, Queue]
      Dead: !GetAtt Dead.Arn
      Literal: !Sub "${!Literal}"
      Both: !Sub ["${x} of ${Dead}", {x: 1}]
      Tags: [!If [Far, far, !Ref AWS::NoValue], near]
  Dead: {Type: AWS::SQS::Queue}
  Remote: {Type: AWS::SQS::Queue, Condition: Far}
Outputs:
  Url: {Value: !Ref Orders}
"""


def read(infrastructure: Path, source: str = "orders", **options: Any) -> tuple[str, ...]:
    """All files that a unit reads."""
    unit = Unit("orders", "cloudformation", source, ("dev",), options=options)
    return tuple(sorted({*sources.reads(infrastructure, source), *sources.unit_reads(infrastructure, unit)}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "orders"
    (made / "parameters").mkdir(parents=True)
    (made / "template.yaml").write_text(TEMPLATE)
    (made / "parameters/dev.yaml").write_text("Parameters: {Name: shop}\nTags: {Project: flowmart}\n")
    return made


def loaded(folder: Path, **inputs: Any) -> sources.Source:
    unit = Unit("orders", "cloudformation", folder.name, ("dev",), inputs=inputs)
    return sources.load(workspace(folder.parent, unit), inputs)


@pytest.mark.parametrize("name", UNITS)
def test_cfn_lint_has_nothing_against_what_flowmart_keeps(name: str) -> None:
    text = (INFRASTRUCTURE / "cloudformation" / name / "template.yaml").read_text()
    assert [str(match) for match in lint(text, regions=["eu-west-1"])] == []


def test_cfn_lint_sees_a_mistake() -> None:
    queue = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeuot: 30}}}"
    assert [match.rule.id for match in lint(queue, regions=["eu-west-1"])] == ["E3002"]


@pytest.mark.parametrize("name", UNITS)
def test_every_environment_of_flowmart_has_its_parameters(name: str) -> None:
    source = f"cloudformation/{name}"
    files = [file for file in read(INFRASTRUCTURE, source) if "/parameters/" in file]
    document = documents.parsed(INFRASTRUCTURE / source / "template.yaml")
    assert files
    assert all(output.get("Description") for output in document["Outputs"].values())
    assert sources.interface(INFRASTRUCTURE, source).required <= {"AlertsTopicArn", "Resources"}


def test_a_unit_reads_its_template_its_parameters_and_its_policy(folder: Path) -> None:
    (folder / "stack-policy.json").write_text("{}")
    (folder / "README.md").touch()
    names = ("parameters/dev.yaml", "stack-policy.json", "template.yaml")
    assert read(folder.parent) == tuple(f"orders/{name}" for name in names)
    (folder / "template.yaml").unlink()
    with pytest.raises(InvalidInput, match=r"holds no template: add template\.yaml"):
        read(folder.parent)


def test_parameters_are_inputs_by_kind_and_outputs_are_text(folder: Path) -> None:
    ours = {"capabilities": "list", "stack": "string", "template_bucket": "string"}
    takes = {"Name": "string", "Seconds": "number", "Zones": "list", "Secret": "string"}
    assert sources.interface(folder.parent, "orders") == Interface(ours | takes, frozenset(), {"Url": "string"})
    (folder / "parameters/staging.yaml").write_text("Tags: {Project: flowmart}\n")
    assert sources.interface(folder.parent, "orders").required == {"Name"}


def test_inputs_win_over_the_parameter_file_and_are_written_as_cloudformation_takes_them(folder: Path) -> None:
    found = loaded(folder, Name="{other.name}", Seconds=60, Zones=["a", "b"], Secret="hunter2")
    assert found.parameters == {"Name": None, "Seconds": "60", "Zones": "a,b", "Secret": "hunter2"}
    assert (found.stack, found.secrets) == ("flowmart-dev-orders", {"hunter2"})
    tags = {"Project": "flowmart", "Environment": "dev", "Unit": "orders", "ManagedBy": "cloudformation"}
    assert found.tags == tags
    assert loaded(folder, stack="mine", capabilities=["CAPABILITY_IAM"]).stack == "mine"


AS_WRITTEN = """
Parameters:
  Name: 012345670123
  Seconds: 22:30
  Zones: [yes, 2026-12-31]
"""


def test_values_of_a_parameter_file_are_sent_as_they_are_written(folder: Path) -> None:
    (folder / "parameters/dev.yaml").write_text(AS_WRITTEN)
    assert loaded(folder).parameters == {"Name": "012345670123", "Seconds": "22:30", "Zones": "yes,2026-12-31"}


def test_the_default_of_a_parameter_that_is_not_echoed_is_a_secret_too(folder: Path) -> None:
    (folder / "template.yaml").write_text(
        TEMPLATE.replace('NoEcho: true, Default: ""', "NoEcho: true, Default: hunter1")
    )
    assert loaded(folder).secrets == {"hunter1"}
    assert loaded(folder, Secret="hunter2").secrets == {"hunter1", "hunter2"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("012345670123", "1402433619"),
        ("012345678901", "1.2345678901E10"),
        ("0300", "192"),
        ("22:30", "1350"),
        ("yes", "true"),
        ("1.10", "1.1"),
        ("1_000", "1000"),
        ("2026-12-31", "2026-12-31"),
        ("0o17", "0o17"),
        ("'012345670123'", "012345670123"),
        ("!!str 0300", "0300"),
    ],
)
def test_a_default_is_the_text_that_cloudformation_reads(folder: Path, written: str, read: str) -> None:
    hidden = f"NoEcho: true, Default: {written}"
    (folder / "template.yaml").write_text(TEMPLATE.replace('NoEcho: true, Default: ""', hidden))
    assert loaded(folder).secrets == {read}


ALIASED = """
Metadata: {Usual: &usual {VisibilityTimeout: 030, Tags: [{Key: Since, Value: 2026-12-31}]}}
Resources:
  Orders: {Type: AWS::SQS::Queue, Properties: *usual}
  Bills: {Type: AWS::SQS::Queue, Properties: {<<: *usual, VisibilityTimeout: 30}}
"""


def test_aliases_are_written_out_because_cloudformation_takes_none(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/template.yaml").write_text(ALIASED)
    sent = json.loads(loaded(tmp_path / "orders").text)["Resources"]
    tags = [{"Key": "Since", "Value": "2026-12-31"}]
    assert sent["Orders"]["Properties"] == {"VisibilityTimeout": 24, "Tags": tags}
    assert sent["Bills"]["Properties"] == {"VisibilityTimeout": 30, "Tags": tags}


TABBED = '{\n\t"Resources": {\n\t\t"Q": {"Type": "AWS::SQS::Queue"}\n\t},\n\t"Outputs": {}\n}\n'


@pytest.mark.parametrize("name", ["template.yml", "template.json", "template.template", "orders.cfn", "orders.yaml"])
def test_a_template_may_have_any_name_and_be_json_with_tabs(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / name).write_text(TABBED)
    (folder / "stack-policy.json").write_text("{}")
    assert read(tmp_path) == tuple(sorted([f"orders/{name}", "orders/stack-policy.json"]))
    assert loaded(folder).document["Resources"] == {"Q": {"Type": "AWS::SQS::Queue"}}


def test_several_templates_without_a_known_name_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    for name in ("one.yaml", "two.json"):
        (folder / name).write_text(TABBED)
    with pytest.raises(InvalidInput, match=r"several templates \(one\.yaml, two\.json\)"):
        read(tmp_path)


PARENT = """
Resources:
  Database: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ../nested/database.yaml}}
  Included: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: parts/queue.yaml}}}
"""
CHILD = "Resources: {Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.json}}}\n"


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    for name, text in {
        "orders/template.yaml": PARENT,
        "orders/parts/queue.yaml": "Type: AWS::SQS::Queue\n",
        "nested/database.yaml": CHILD,
        "nested/inner.json": TABBED,
        "nested/other.yaml": TABBED,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "orders"


def test_a_unit_reads_its_nested_and_included_templates(nested: Path) -> None:
    assert read(nested.parent) == (
        "nested/database.yaml",
        "nested/inner.json",
        "orders/parts/queue.yaml",
        "orders/template.yaml",
    )


def test_nested_templates_are_sent_through_the_bucket_by_their_content(nested: Path) -> None:
    package = loaded(nested, template_bucket="templates").package
    assert (package.url, package.bucket, len(package.uploads)) == ("", "templates", 3)
    database = documents.document_of(package.text)["Resources"]["Database"]["Properties"]["TemplateURL"]
    prefix = "https://templates.s3.eu-west-1.amazonaws.com/"
    assert database.startswith(f"{prefix}flowmart/dev/orders/")
    inner = documents.document_of(package.uploads[database.removeprefix(prefix)].decode())["Resources"]["Inner"]
    assert package.uploads[inner["Properties"]["TemplateURL"].removeprefix(prefix)] == TABBED.encode()
    (nested.parent / "nested/inner.json").write_text(TABBED.replace("SQS::Queue", "SNS::Topic"))
    assert loaded(nested, template_bucket="templates").package.text != package.text


def test_nested_templates_need_a_bucket(nested: Path) -> None:
    with pytest.raises(InvalidInput, match=r"inner\.json: .* set the input template_bucket to one in eu-west-1"):
        loaded(nested)


def test_nested_templates_in_a_circle_are_refused(nested: Path) -> None:
    (nested.parent / "nested/inner.json").write_text(CHILD.replace("inner.json", "database.yaml"))
    with pytest.raises(InvalidInput, match="refer to each other in a circle"):
        loaded(nested, template_bucket="templates")


def test_a_large_template_is_sent_through_the_bucket(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE + "#" + "x" * limits.IN_REQUEST)
    package = loaded(folder, template_bucket="templates").package
    assert list(package.uploads.values()) == [package.text.encode()]
    assert package.url.endswith(next(iter(package.uploads)))


ARTIFACTS: list[tuple[str, str, str, Any]] = [
    ("AWS::Serverless::Function", "CodeUri: src", "CodeUri", "s3://templates/KEY"),
    ("AWS::Serverless::Function", "CodeUri: src/handler.py", "CodeUri", "s3://templates/KEY"),
    ("AWS::Lambda::Function", "Code: ./src", "Code", {"S3Bucket": "templates", "S3Key": "KEY"}),
    (
        "AWS::StepFunctions::StateMachine",
        "DefinitionS3Location: src/handler.py",
        "DefinitionS3Location",
        {"Bucket": "templates", "Key": "KEY"},
    ),
    (
        "AWS::Glue::Job",
        "Command: {Name: a, ScriptLocation: src/handler.py}",
        "Command",
        {"Name": "a", "ScriptLocation": "s3://templates/KEY"},
    ),
]


@pytest.fixture
def code(folder: Path) -> Path:
    """A folder of code beside a template."""
    (folder / "parameters/dev.yaml").unlink()
    (folder / "src/lib").mkdir(parents=True)
    (folder / "src/handler.py").write_text("print()\n")
    (folder / "src/lib/run.sh").write_text("true\n")
    (folder / "src/lib/run.sh").chmod(0o755)
    return folder


@pytest.mark.parametrize(("kind", "properties", "name", "expected"), ARTIFACTS)
def test_local_code_is_sent_through_the_bucket_and_named_as_its_type_wants(
    code: Path, kind: str, properties: str, name: str, expected: Any
) -> None:
    (code / "template.yaml").write_text(f"Resources: {{F: {{Type: {kind}, Properties: {{{properties}}}}}}}\n")
    package = loaded(code, template_bucket="templates").package
    [key] = package.uploads
    found = documents.document_of(package.text)["Resources"]["F"]["Properties"][name]
    assert found == json.loads(json.dumps(expected).replace("KEY", key))
    assert "orders/src/handler.py" in read(code.parent)
    with pytest.raises(InvalidInput, match="set the input template_bucket"):
        loaded(code)


def test_zipped_code_is_the_same_wherever_it_is_made(code: Path) -> None:
    first = artifacts.zipped(code / "src")
    os.utime(code / "src/handler.py", (0, 0))
    assert artifacts.zipped(code / "src") == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes == {"handler.py": 0o644, "lib/run.sh": 0o755}
    (code / "src/handler.py").write_text("pass\n")
    assert artifacts.zipped(code / "src") != first


def test_the_file_of_a_plan_is_no_part_of_the_code_beside_it(code: Path) -> None:
    first = artifacts.zipped(code)
    plans.save(plans.Saved("execute", "orders", {"Secret": "hunter2"}), "orders", code)
    assert artifacts.zipped(code) == first


@pytest.mark.parametrize("path", ["/", "../..", "../../elsewhere"])
def test_nothing_is_looked_for_outside_of_the_infrastructure(
    code: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    infrastructure, walked = code.parent, list[Path]()
    (infrastructure.parent / "elsewhere").mkdir(exist_ok=True)

    def walk(folder: Path, _: str) -> list[Path]:
        walked.append(folder)
        return []

    function = f"{{Type: AWS::Serverless::Function, Properties: {{CodeUri: {path}}}}}"
    include = f"{{Name: AWS::Include, Parameters: {{Location: {path}}}}}"
    (code / "template.yaml").write_text(f"Resources: {{F: {function}}}\nTransform: {include}\n")
    monkeypatch.setattr(Path, "rglob", walk)
    assert "orders/template.yaml" in read(infrastructure)
    assert walked == []
    with pytest.raises(InvalidInput, match="outside of infrastructure/"):
        loaded(code, template_bucket="templates")


def test_a_nested_template_that_is_a_folder_is_refused(code: Path) -> None:
    stack = "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: src}}}\n"
    (code / "template.yaml").write_text(stack)
    with pytest.raises(InvalidInput, match="refers to src, which is a folder and no template"):
        loaded(code, template_bucket="templates")


SSM = """
Parameters: {Image: {Type: 'AWS::SSM::Parameter::Value<List<String>>'}}
Resources: {Q: {Type: AWS::SQS::Queue}}
"""


def test_a_parameter_of_the_systems_manager_is_given_by_its_name(folder: Path) -> None:
    (folder / "template.yaml").write_text(SSM)
    (folder / "parameters/dev.yaml").write_text("Parameters: {Image: /images/newest}\n")
    assert (sources.interface(folder.parent, "orders").accepts or {})["Image"] == "string"
    assert loaded(folder).moving == {"Image"}


@pytest.mark.parametrize(
    ("file", "text", "inputs", "message"),
    [
        ("template.yaml", "just text", {}, r"template\.yaml: is not a template: it has no Resources"),
        ("template.yaml", "a: [", {}, r"template\.yaml: while parsing"),
        ("template.yaml", "Resources: {}\n#" + "x" * 51_200, {}, "set the input template_bucket to one in eu-west-1"),
        ("parameters/dev.yaml", "just text", {}, r"dev\.yaml: should be a mapping with Parameters and Tags"),
        (
            "parameters/dev.yaml",
            "Parameters: {}\nTag: {}",
            {},
            "Tag is not a key beside Parameters, StackPolicy, Tags",
        ),
        ("parameters/dev.yaml", "[Name]", {}, "'Name' is not a parameter: .* or NAME=VALUE"),
        ("parameters/dev.yaml", "[{ParameterKey: Name, UsePreviousValue: true}]", {}, "Name has no ParameterValue"),
        ("parameters/dev.yaml", "", {}, "parameter Name has no value"),
        ("stack-policy.json", "{", {}, r"stack-policy\.json is not valid JSON"),
        ("README.md", "", {"Nmae": "x"}, "has no parameter Nmae; its parameters: Name, Seconds, Secret, Zones"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, file: str, text: str, inputs: dict[str, str], message: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(InvalidInput, match=message):
        loaded(folder, **inputs)


def test_values_are_told_as_far_as_they_are_known() -> None:
    document = documents.document_of(TEMPLATE)
    found = values.resources(document, {"Name": "shop"}, {"AWS::Region": "eu-west-1"})
    assert found.keys() == {"Orders", "Dead"}
    assert found["Orders"].on_deletion == "Retain"
    assert found["Orders"].properties == {
        "QueueName": "shop-eu-west-1",
        "VisibilityTimeout": "30",
        "Description": "a-shop",
        "Size": 10,
        "Dead": UNKNOWN,
        "Literal": "${Literal}",
        "Both": UNKNOWN,
        "Tags": ["near"],
    }


SWITCHED = """
Parameters: {Public: {Type: String, Default: %s}}
Conditions: {Open: !Equals [!Ref Public, %s]}
Mappings: {Ports: {%s: {Http: 80}}}
Resources:
  Gate: {Type: AWS::SNS::Topic, Condition: Open, Properties: {DisplayName: !FindInMap [Ports, !Ref Public, Http]}}
Outputs:
  Arn: {Value: !Ref Gate, Condition: Open, Export: {Name: gate}}
"""


@pytest.mark.parametrize(("default", "tested"), [("true", "true"), ("yes", '"true"'), ("on", "yes"), ("0300", "192")])
def test_a_condition_compares_texts_as_cloudformation_reads_them(default: str, tested: str) -> None:
    document = documents.document_of(SWITCHED % (default, tested, default))
    assert values.resources(document, {}, {})["Gate"].properties == {"DisplayName": 80}
    assert values.exports(document, {}, {}) == {"gate"}
    given = {"Public": "192" if default == "0300" else "true"}
    assert values.resources(document, given, {}).keys() == {"Gate"}
    assert values.resources(document, {"Public": "false"}, {}) == {}


LISTED = """
Parameters:
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
  Keys: {Type: CommaDelimitedList, NoEcho: true, Default: "first-key,second-key"}
Conditions:
  Some: !Not [!Equals [!Join ["", !Ref Zones], ""]]
  Both: !Equals [!Ref Zones, "a, b"]
Resources:
  Gate:
    Type: AWS::SNS::Topic
    Condition: Some
    Properties: {DisplayName: !Join ["-", !Ref Zones], Zones: !Ref Zones, Told: !Sub "${Zones}", Keys: !Ref Keys}
Outputs:
  Arn: {Value: !Ref Gate, Condition: Some, Export: {Name: !Join [":", !Ref Zones]}}
  Other: {Value: !Ref Gate, Condition: Both, Export: {Name: both}}
"""


def test_a_list_of_a_parameter_is_a_list() -> None:
    document = documents.document_of(LISTED)
    found = values.resources(document, {}, {})["Gate"].properties
    assert {key: found[key] for key in ("DisplayName", "Zones", "Told")} == {
        "DisplayName": "a-b",
        "Zones": ["a", "b"],
        "Told": UNKNOWN,
    }
    assert values.exports(document, {}, {}) == {"a:b", "both"}
    assert values.exports(document, {"Zones": "c"}, {}) == {"c", "both"}
    assert values.exports(document, {"Zones": None}, {}) == {UNKNOWN, "both"}
    assert values.resources(document, {"Zones": ""}, {}) == {}


def test_each_item_of_a_list_that_is_not_echoed_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/template.yaml").write_text(LISTED)
    assert loaded(tmp_path / "orders").secrets == {"first-key,second-key", "first-key", "second-key"}
    assert loaded(tmp_path / "orders", Keys=["third-key", "fourth-key"]).secrets >= {"third-key", "fourth-key"}


EXPORTS = """
Parameters: {Name: {Type: String}}
Conditions: {Far: !Equals [!Ref Name, far]}
Resources: {Q: {Type: AWS::SQS::Queue}}
Outputs:
  Plain: {Value: a}
  Named: {Value: a, Export: {Name: !Sub "${Name}-url"}}
  Remote: {Value: a, Condition: Far, Export: {Name: remote}}
"""


def test_the_names_of_exports_are_told_as_far_as_they_are_known() -> None:
    document = documents.document_of(EXPORTS)
    assert values.exports(document, {"Name": "shop"}, {}) == {"shop-url"}
    assert values.exports(document, {"Name": "far"}, {}) == {"far-url", "remote"}
    assert values.exports(document, {"Name": None}, {}) == {UNKNOWN, "remote"}


def test_outputs_in_a_loop_may_be_exported_under_any_name() -> None:
    loop = "Outputs: {'Fn::ForEach::Urls': [Name, [A], {'${Name}': {Value: a, Export: {Name: !Ref Name}}}]}"
    document = documents.document_of(f"Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\n{loop}")
    assert values.exports(document, {}, {}) == {UNKNOWN}


@pytest.mark.parametrize(
    ("section", "known"),
    [
        ("Transform: AWS::LanguageExtensions", True),
        ("Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]", True),
        ("Transform: [AWS::LanguageExtensions, Ours]", False),
        ("Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}", False),
        ("Outputs: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}}", False),
        ("Outputs: {A: {Value: a, Fn::Transform: {Name: Ours}}}", False),
        ("Outputs: {A: {Value: a}}", True),
    ],
)
def test_what_a_macro_adds_may_be_an_output_and_exported_under_any_name(
    tmp_path: Path, section: str, known: bool
) -> None:
    text = f"Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\n{section}"
    assert values.exports(documents.document_of(text), {}, {}) == (set() if known else {UNKNOWN})
    (tmp_path / "template.yaml").write_text(text)
    assert (sources.interface(tmp_path, ".").gives is not None) is known


def test_outputs_in_a_loop_are_known_after_an_apply(tmp_path: Path) -> None:
    loop = "Outputs: {'Fn::ForEach::Urls': [Name, [A], {'${Name}': {Value: a}}]}"
    (tmp_path / "template.yaml").write_text(f"Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\n{loop}")
    assert sources.interface(tmp_path, ".").gives is None


@pytest.mark.parametrize(("key", "size"), [("a", 10), ("b", 5)])
def test_a_mapping_may_have_a_default(key: str, size: int) -> None:
    found = {"Fn::FindInMap": ["Sizes", key, "Queue", {"DefaultValue": 5}]}
    document = {
        "Mappings": {"Sizes": {"a": {"Queue": 10}}},
        "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": found}}},
    }
    assert values.resources(document, {}, {})["Q"].properties == {"DelaySeconds": size}


def test_what_depends_on_an_unknown_value_is_unknown() -> None:
    found = values.resources(documents.document_of(TEMPLATE), {"Name": None}, {})
    assert found["Orders"].properties["QueueName"] == UNKNOWN
    assert found["Orders"].properties["Description"] == UNKNOWN
    assert "Remote" in found


# --- files that are called otherwise ---

LIST = '[{"ParameterKey": "Name", "ParameterValue": "0123"}, {"ParameterKey": "Zones", "ParameterValue": "a,b"}]'


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("dev.yml", "Parameters: {Name: 0123}", {"Name": "0123"}),
        ("dev.json", '{"Parameters": {"Name": "0123"}, "Tags": {"Team": "shop"}}', {"Name": "0123"}),
        ("dev.json", LIST, {"Name": "0123", "Zones": "a,b"}),
        ("dev.json", '{"Parameters": ' + LIST + "}", {"Name": "0123", "Zones": "a,b"}),
        ("dev.json", '["Name=0123", "Secret=a=b"]', {"Name": "0123", "Secret": "a=b"}),
        ("dev.json", '{"Name": "0123"}', {"Name": "0123"}),
        ("dev.yaml", "Name: 0123", {"Name": "0123"}),
    ],
)
def test_parameters_may_have_any_form_of_aws_tools(
    folder: Path, name: str, text: str, values: dict[str, str]
) -> None:
    (folder / "parameters/dev.yaml").unlink()
    (folder / "parameters" / name).write_text(text)
    assert loaded(folder).parameters == values


SHARED = "Parameters: {Name: {Type: String}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n"


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """Several templates in one folder, and parameters in another."""
    for name, text in {
        "cfn/network.yaml": SHARED,
        "cfn/shop.json": TABBED,
        "params/common.json": '{"Name": "common"}',
        "params/dev/network.json": LIST.replace(', {"ParameterKey": "Zones", "ParameterValue": "a,b"}', ""),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def stack(infrastructure: Path, **options: Any) -> Unit:
    return Unit("network", "cloudformation", "cfn", ("dev",), options=options)


def test_several_units_may_have_one_folder_and_name_their_files(stacks: Path) -> None:
    files = ["../params/common.json", "../params/dev/network.json"]
    unit = stack(stacks, template="network.yaml", parameters=files)
    assert sources.load(workspace(stacks, unit), {}).parameters == {"Name": "0123"}
    assert read(stacks, "cfn", **unit.options) == (
        "cfn/network.yaml",
        "params/common.json",
        "params/dev/network.json",
    )
    assert sources.unit_interface(stacks, unit).required - sources.supplied(stacks, unit) == frozenset()
    assert list(sources.faults(stacks, unit)) == []
    assert sources.load(workspace(stacks, stack(stacks, template="shop.json")), {}).parameters == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {},
            r"holds several templates (network.yaml, shop.json): name the unit's in cloudformation: {template",
        ),
        (
            {"template": "netwrok.yaml"},
            "no template netwrok.yaml (cloudformation.template); templates: network.yaml",
        ),
        ({"template": "shop.json", "parameters": "../params/qa.json"}, "there is no params/qa.json"),
        (
            {"template": "shop.json", "parameters": "../../elsewhere.json"},
            "elsewhere.json leads out of infrastructure/",
        ),
    ],
)
def test_what_is_wrong_with_named_files_is_said(stacks: Path, options: dict[str, Any], said: str) -> None:
    assert [fault for fault in sources.faults(stacks, stack(stacks, **options)) if said in fault]
