"""What packer is asked, what its answers mean, what goes into an image, and which images may go. Nothing is run."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tasks.domain.errors import InvalidInput, Refused, Unequipped
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.engines.packer import building, commands, errors, sources, validators
from tasks.engines.packer.images import Image, Keep, to_retire
from tasks.engines.packer.regions import copied_to
from tests.platforms.workspaces import workspace

RECORDED = Path(__file__).with_name("packer")
INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


# --- commands and answers --------------------------------------------------------------------------------


def test_the_command_lines() -> None:
    assert commands.version("packer") == ("packer", "version")
    assert commands.init("packer", ".") == ("packer", "init", ".")
    assert commands.validate("packer", ".", None) == ("packer", "validate", "-syntax-only", ".")
    assert commands.validate("packer", ".", "v.json") == ("packer", "validate", "-var-file=v.json", ".")
    assert commands.build("packer", "image.pkr.hcl", "v.json") == (
        "packer",
        "build",
        "-machine-readable",
        "-on-error=cleanup",
        "-var-file=v.json",
        "image.pkr.hcl",
    )


@pytest.mark.parametrize(
    ("said", "version"),
    [("Packer v1.6.6\n\nYour version is out of date!", (1, 6, 6)), ("Packer v1.14.2", (1, 14, 2))],
)
def test_the_version(said: str, version: tuple[int, ...]) -> None:
    assert commands.parsed_version(said) == version


@pytest.mark.parametrize(
    ("said", "why"),
    [("Packer v1.5.4", "1.5.4 is too old; 1.6 or later is needed: install it with"), ("", "it said nothing")],
)
def test_a_version_that_is_of_no_use(said: str, why: str) -> None:
    with pytest.raises(Unequipped, match=why):
        commands.parsed_version(said)


def test_a_failed_build_is_told_by_its_error_and_what_ansible_failed_with() -> None:
    assert commands.errors((RECORDED / "failed.txt").read_text()) == (
        "Error executing Ansible: Non-zero exit status: exit status 2\n"
        'amazon-ebs.image: fatal: [default]: FAILED! => {"changed": false, "msg": "no space left"}'
    )


def test_a_build_that_was_not_begun_is_told_by_what_packer_showed() -> None:
    told = commands.errors((RECORDED / "refused.txt").read_text())
    assert told.startswith("Error: 2 error(s) occurred:\n\n* Cannot share AMI encrypted with default KMS key")
    assert "default KMS key, see the documentation" in told


def test_the_image_is_read_from_the_last_run_of_the_manifest() -> None:
    manifest = (RECORDED / "manifest.json").read_text()
    images = {"eu-central-1": "ami-00000000000000003", "eu-west-1": "ami-217c7ba1fe521ed4c"}
    assert commands.built(manifest, "eu-west-1") == (images, "ami-010210687841fde65")
    with pytest.raises(Refused, match="no image in us-east-1"):
        commands.built(manifest, "us-east-1")


AWS_V1 = "Error launching source instance: %s: why\n\tstatus code: %d, request id: 1f2e"
INVALID_LOGIN = "AWS was not able to validate the provided access credentials"
GITHUB = "GET https://api.github.com/repos/hashicorp/packer-plugin-amazon/git/matching-refs/tags: 403"
AWS_TYPED = "operation error SSM: GetParameter, https response error StatusCode: %d, RequestID: 1f-2, %s: why"
AWS_V2 = "operation error EC2: RunInstances, https response error StatusCode: %d, RequestID: 1, api error %s: why"


@pytest.mark.parametrize(
    ("why", "exit_code", "outcome"),
    [
        ("RequestError: send request failed\ncaused by: dial tcp: i/o timeout", 1, Outcome.UNANSWERED),
        ("Timeout waiting for SSH.", 1, Outcome.UNANSWERED),
        ("Build was cancelled.", 1, Outcome.UNANSWERED),
        (AWS_V1 % ("RequestLimitExceeded", 503), 1, Outcome.UNANSWERED),
        (AWS_V1 % ("InternalError", 500), 1, Outcome.UNANSWERED),
        (AWS_V1 % ("RequestExpired", 400), 1, Outcome.UNANSWERED),
        (AWS_V1 % ("UnauthorizedOperation", 403), 1, Outcome.FAILED),
        (AWS_V1.replace("why", "Not authorized for images: [ami-0abc]") % ("AuthFailure", 403), 1, Outcome.FAILED),
        (AWS_V2 % (403, "AuthFailure"), 1, Outcome.FAILED),
        (AWS_TYPED % (400, "NotAuthorized"), 1, Outcome.FAILED),
        (AWS_V1.replace("why", INVALID_LOGIN) % ("AuthFailure", 401), 1, Outcome.UNANSWERED),
        (AWS_TYPED.replace("1f-2", "1f-2, HostID: x/z=") % (400, "RequestTimeout"), 1, Outcome.UNANSWERED),
        (AWS_V2 % (503, "Unavailable"), 1, Outcome.UNANSWERED),
        (AWS_V2 % (500, "Whatever"), 1, Outcome.UNANSWERED),
        (AWS_V2 % (400, "InvalidParameterValue"), 1, Outcome.FAILED),
        ("Error executing Ansible: Non-zero exit status: exit status 2", 1, Outcome.FAILED),
        ("Error executing Ansible: Non-zero exit status: exit status 2", -9, Outcome.UNANSWERED),
        ("", 137, Outcome.UNANSWERED),
        ("fatal error: runtime: out of memory", 2, Outcome.UNANSWERED),
        ("write /tmp/packer1: no space left on device", 1, Outcome.UNANSWERED),
        ("dial tcp: lookup ec2.eu-west-1.amazonaws.com: no such host", 1, Outcome.UNANSWERED),
        ("Error uploading script: write tcp 10.0.0.1:1->10.0.0.2:22: write: broken pipe", 1, Outcome.UNANSWERED),
        ("Script disconnected unexpectedly. If you expected your script to disconnect", 1, Outcome.UNANSWERED),
        ("Script exited with non-zero exit status: 2300218. Allowed exit codes are: [0]", 1, Outcome.UNANSWERED),
        ("Script exited with non-zero exit status: 1. Allowed exit codes are: [0]", 1, Outcome.FAILED),
        (AWS_TYPED % (400, "TooManyRequestsException"), 1, Outcome.UNANSWERED),
        (AWS_TYPED % (400, "ResourceNotFoundException"), 1, Outcome.FAILED),
        ("a queue named connection-refused-dlq exists", 1, Outcome.FAILED),
        ("Plugin host rate limited the plugin getter. Try again in 42m0s.", 1, Outcome.UNANSWERED),
        (f"{GITHUB} API rate limit exceeded for 192.0.2.1. [rate reset in 42m]", 1, Outcome.UNANSWERED),
        (f"{GITHUB} Resource not accessible by integration []", 1, Outcome.FAILED),
    ],
)
def test_a_build_that_was_killed_or_got_no_answer_says_nothing_about_the_release(
    why: str, exit_code: int, outcome: Outcome
) -> None:
    assert errors.outcome_of(why, exit_code) is outcome


# --- what goes into an image -----------------------------------------------------------------------------


def test_flowmarts_base_image_reads_its_template_and_the_roles_of_its_playbook() -> None:
    found = sources.reads(INFRASTRUCTURE, "packer/base")
    assert {"packer/base/image.pkr.hcl", "packer/base/plugins.pkr.hcl"} <= {*found}
    assert {"ansible/image.yml", "ansible/ansible.cfg", "ansible/group_vars/all.yml"} <= {*found}
    roles = {path.split("/")[2] for path in found if path.startswith("ansible/roles/")}
    assert roles == {"hardening", "time", "node_exporter", "log_shipper"}
    assert not [path for path in found if path.startswith("ansible/bastion/")]


def test_flowmarts_application_image_reads_its_own_role_only() -> None:
    found = sources.reads(INFRASTRUCTURE, "packer/application")
    assert {path.split("/")[2] for path in found if path.startswith("ansible/roles/")} == {"application"}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of what images are made of."""
    for name in ("packer", "ansible"):
        shutil.copytree(INFRASTRUCTURE / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("packer/base/image.pkr.hcl", True),
        ("ansible/image.yml", True),
        ("ansible/roles/time/defaults/main.yml", True),
        ("ansible/roles/hardening/templates/sshd.conf.j2", True),
        ("ansible/roles/application/tasks/main.yml", False),
        ("ansible/bastion/playbook.yml", False),
        ("packer/README.md", False),
        ("packer/application/image.pkr.hcl", False),
    ],
)
def test_an_image_is_another_one_when_something_that_goes_into_it_is(release: Path, path: str, changes: bool) -> None:
    before = sources.identity(release, "packer/base", {"source_name": "a"})
    with (release / path).open("a") as file:
        file.write("# more\n")
    assert (sources.identity(release, "packer/base", {"source_name": "a"}) != before) is changes


COMMON = "infrastructure/common/scripts/install.sh"
ODD = "infrastructure/shared scripts/größe (1).sh"


@pytest.mark.parametrize(
    ("template", "read"),
    [
        ('provisioner "shell" { script = "../common/scripts/install.sh" }', COMMON),
        ('provisioner "shell" { script = "${path.root}/../common/scripts/install.sh" }', COMMON),
        ('provisioner "shell" {\n  scripts = [\n    "../common/scripts/install.sh",\n  ]\n}', COMMON),
        ('provisioner "shell" { script = "../common/${var.os}/install.sh" }', COMMON),
        ('provisioner "file" { source = "../common/" }', COMMON),
        ('provisioner "shell" { script = "../shared scripts/größe (1).sh" }', ODD),
        ('provisioner "shell" { scripts = ["${path.root}/../shared scripts/größe (1).sh"] }', ODD),
        ('locals { a = file("../shared scripts/größe ${var.x}.sh") }', ODD),
        ('locals { a = templatefile("${path.root}/../common/scripts/install.sh", {}) }', COMMON),
        ('locals { a = file("${path.root}/../common/${each.key}.sh") }', COMMON),
        ('provisioner "shell" {\n  script = var.script\n}', "infrastructure/unrelated"),
        ('provisioner "shell" {\n  script = "${var.folder}/install.sh"\n}', "infrastructure/unrelated"),
        ("locals {\n  a = file(local.path)\n}", "infrastructure/unrelated"),
        ('provisioner "ansible" { playbook_file = "../common/play.yml" }', "infrastructure/common/tasks.yml"),
        (
            'provisioner "ansible" {\n  playbook_file = "${path.cwd}/../common/play.yml"\n}',
            "infrastructure/common/tasks.yml",
        ),
        ('provisioner "file" { source = "${abspath(path.root)}/../common/scripts/" }', COMMON),
        ('provisioner "shell" { script = "${dirname(abspath(path.root))}/common/scripts/install.sh" }', COMMON),
        ('provisioner "shell" {\n  script = join("/", [path.root, "..", "common", "install.sh"])\n}', COMMON),
        ('provisioner "shell" {\n  scripts = concat(["a.sh"], formatlist("../common/%s", ["b.sh"]))\n}', COMMON),
        ('locals {\n  a = templatefile("${dirname(path.root)}/common/scripts/install.sh", {})\n}', COMMON),
        ('provisioner "ansible" {\n  roles_path = "${path.root}/../common"\n}', COMMON),
        ('provisioner "ansible" {\n  roles_path = "deps"\n}', "infrastructure/image/deps/web/tasks/main.yml"),
        ('provisioner "ansible" { extra_arguments = ["-e", "@../common/scripts/install.sh"] }', COMMON),
    ],
)
def test_what_a_path_leads_to_goes_into_the_image(tmp_path: Path, template: str, read: str) -> None:
    write_shared(tmp_path, template)
    assert read.removeprefix("infrastructure/") in sources.reads(tmp_path / "infrastructure", "image")


@pytest.mark.parametrize(
    "template",
    [
        'source "amazon-ebs" "a" { ami_name = "${var.name}-x"\n  source_ami = var.source_ami\n}',
        'required_plugins { amazon = { source = "github.com/hashicorp/amazon" } }',
        '# provisioner "shell" { script = "../common/scripts/install.sh" }',
    ],
)
def test_what_is_no_path_leads_nowhere(tmp_path: Path, template: str) -> None:
    write_shared(tmp_path, template)
    assert sources.reads(tmp_path / "infrastructure", "image") == ("image/a.pkr.hcl",)


def write_shared(root: Path, template: str) -> None:
    files = {
        "image/a.pkr.hcl": template,
        "common/scripts/install.sh": "",
        ODD.removeprefix("infrastructure/"): "",
        "common/play.yml": "- hosts: all\n  tasks: [{include_tasks: tasks.yml}]",
        "common/tasks.yml": "[]",
        "unrelated": "",
        "image/deps/web/tasks/main.yml": "[]",
    }
    for path, text in files.items():
        file = root / "infrastructure" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_what_a_build_leaves_in_the_folder_changes_nothing(release: Path) -> None:
    before = sources.identity(release, "packer/base", {})
    (release / "packer/base/manifest.json").write_text("{}")
    (release / "packer/base/packer_cache").mkdir()
    assert sources.identity(release, "packer/base", {}) == before


def test_other_values_make_another_image() -> None:
    images = {sources.identity(INFRASTRUCTURE, "packer/base", {"source_name": name}) for name in ("a", "b")}
    assert len(images) == 2


def test_a_template_that_reads_from_outside_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "infrastructure/image"
    folder.mkdir(parents=True)
    (tmp_path / "secret").write_text("")
    (folder / "a.pkr.hcl").write_text('locals { a = file("${path.root}/../../secret") }')
    with pytest.raises(InvalidInput, match="outside of infrastructure"):
        sources.reads(tmp_path / "infrastructure", "image")


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ('provisioner "file" {\n  source = "/opt/app.jar"\n  destination = "/tmp/app.jar"\n}', "/opt/app.jar"),
        ('provisioner "shell" { script = "~/setup.sh" }', "~/setup.sh"),
        ('provisioner "shell" {\n  scripts = ["/srv/a.sh"]\n}', "/srv/a.sh"),
    ],
)
def test_a_file_of_the_machine_that_builds_is_refused(tmp_path: Path, template: str, path: str) -> None:
    write_shared(tmp_path, template)
    with pytest.raises(InvalidInput, match=rf"image/a.pkr.hcl: reads {path}, which only the machine that builds has"):
        sources.reads(tmp_path / "infrastructure", "image")


def test_a_file_that_is_fetched_from_the_instance_is_none_of_the_machine(tmp_path: Path) -> None:
    download = 'provisioner "file" {\n  direction = "download"\n  source = "/etc/os-release"\n  destination = "x"\n}'
    write_shared(tmp_path, download)
    assert sources.reads(tmp_path / "infrastructure", "image") == ("image/a.pkr.hcl",)


# --- what a template is ----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["base", "application"])
def test_every_variable_of_a_template_says_what_it_is(unit: str) -> None:
    blocks = hcl2.loads((INFRASTRUCTURE / "packer" / unit / "image.pkr.hcl").read_text())["variable"]
    bodies = {name.strip('"'): body for block in blocks for name, body in block.items()}
    assert [name for name, body in bodies.items() if not body.get("description") or not body.get("type")] == []


@pytest.mark.parametrize(("unit", "source"), [("base", "source_name"), ("application", "source_ami")])
def test_what_has_to_be_given_is_the_source(unit: str, source: str) -> None:
    known = sources.variables(INFRASTRUCTURE / "packer" / unit)
    assert {name for name, each in known.items() if each.required} == {source, "name", "region", "tags"}
    assert (known["accounts"].kind, known["tags"].kind, known["volume_gb"].kind) == ("list", "map", "number")


def test_packer_16_gets_the_one_file_and_later_ones_the_folder(release: Path) -> None:
    folder = release / "packer/base"
    assert sources.argument(folder, (1, 6, 6)) == "image.pkr.hcl"
    assert sources.argument(folder, (1, 7, 0)) == "."
    (folder / "more.pkr.hcl").write_text("locals {}\n")
    with pytest.raises(InvalidInput, match=r"put image\.pkr\.hcl, more\.pkr\.hcl into one, or install Packer 1\.7"):
        sources.argument(folder, (1, 6, 6))
    (folder / "plugins.pkr.hcl").unlink()
    assert sources.argument(folder, (1, 6, 6)) == "."


# --- retirement ------------------------------------------------------------------------------------------


def image(name: str, days: int | None) -> Image:
    created = None if days is None else NOW - timedelta(days=days)
    return Image(name, name, "111111111111", "available", created, {}, ())


FAMILY = [image("new", 1), image("month", 30), image("quarter", 100), image("half", 200), image("year", 400)]


@pytest.mark.parametrize(
    ("keep", "used", "gone"),
    [
        (Keep(5, 0), [], []),
        (Keep(2, 0), [], ["year", "half", "quarter"]),
        (Keep(1, 90), [], ["year", "half", "quarter"]),
        (Keep(1, 365), [], ["year"]),
        (Keep(2, 90), ["half"], ["year", "quarter"]),
        (Keep(1, 500), [], []),
    ],
)
def test_images_go_when_they_are_many_and_old_and_unused(keep: Keep, used: list[str], gone: list[str]) -> None:
    assert [each.id for each in to_retire(FAMILY, keep, used, NOW)] == gone


def test_an_image_of_unknown_age_stays() -> None:
    assert to_retire([*FAMILY, image("unknown", None)], Keep(5, 500), [], NOW) == ()
    assert [each.id for each in to_retire([image("unknown", None)] * 3, Keep(1, 0), [], NOW)] == []


# --- what a unit cannot be -------------------------------------------------------------------------------

ONE = 'source "amazon-ebs" "arm" {}\nbuild {\n  sources = ["source.amazon-ebs.arm", "source.null.check"]\n}\n'


@pytest.mark.parametrize(
    "build",
    [
        'build { sources = ["source.amazon-ebs.arm", "amazon-ebs.intel"] }\n',
        'build {\n  sources = ["source.amazon-ebs.arm"]\n  source "amazon-ebs.intel" {\n    name = "x"\n  }\n}\n',
        'build { sources = ["source.amazon-ebs.arm"] }\nbuild { sources = ["source.amazon-ebs.intel"] }\n',
    ],
)
def test_a_template_that_builds_several_images_is_refused(tmp_path: Path, build: str) -> None:
    (tmp_path / "image.pkr.hcl").write_text(build)
    with pytest.raises(InvalidInput, match=r"builds 2 images \(amazon-ebs\.arm, amazon-ebs\.intel\)"):
        building.refuse_several(tmp_path)


TWO = """
source "amazon-ebs" "arm" {}
source "amazon-ebs" "intel" {}
build {
  name    = "web"
  sources = ["source.amazon-ebs.arm", "source.amazon-ebs.intel"]
}
"""


@pytest.mark.parametrize("only", ["amazon-ebs.arm", "web.amazon-ebs.arm", "*.arm"])
def test_a_unit_is_one_image_of_a_template_that_builds_several(tmp_path: Path, only: str) -> None:
    (tmp_path / "image.pkr.hcl").write_text(TWO)
    building.refuse_several(tmp_path, only)


@pytest.mark.parametrize(
    ("only", "told"),
    [
        ("", r"builds 2 images .* make a unit of each, with packer: \{only: web\.amazon-ebs\.arm\}"),
        ("amazon-ebs.*", "builds 2 images"),
        ("amazon-ebs.amr", r"amazon-ebs\.amr is none of its images; they are web\.amazon-ebs\.arm, web"),
    ],
)
def test_what_is_not_one_image_is_refused(tmp_path: Path, only: str, told: str) -> None:
    (tmp_path / "image.pkr.hcl").write_text(TWO)
    with pytest.raises(InvalidInput, match=told):
        building.refuse_several(tmp_path, only)


def test_each_image_of_a_template_has_an_identity_of_its_own() -> None:
    images = {sources.identity(INFRASTRUCTURE, "packer/base", {}, only) for only in ("", "a.arm", "a.intel")}
    assert len(images) == 3


def test_a_template_that_builds_one_image_is_taken(tmp_path: Path) -> None:
    (tmp_path / "image.pkr.hcl").write_text(ONE)
    building.refuse_several(tmp_path)


ARM = 'source "amazon-ebs" "arm" {}\n'


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ('build { sources = ["source.googlecompute.arm"] }\n', r"builds no image of AWS: list amazon-\* sources"),
        ("build { sources = local.wanted }\n", "only known when Packer runs"),
        (
            'build {\n  dynamic "source" {\n    for_each = ["a", "b"]\n    labels = ["amazon-ebs.arm"]\n'
            "    content { name = source.value }\n  }\n}\n",
            "only known when Packer runs",
        ),
        (
            'build {\n  source "amazon-ebs.arm" {\n    name = "a"\n  }\n'
            '  source "amazon-ebs.arm" {\n    name = "b"\n  }\n}\n',
            r"builds amazon-ebs\.arm more than once",
        ),
    ],
)
def test_how_many_images_a_template_builds_has_to_be_known(tmp_path: Path, build: str, told: str) -> None:
    (tmp_path / "image.pkr.hcl").write_text(ARM + build)
    with pytest.raises(InvalidInput, match=told):
        building.refuse_several(tmp_path)


@pytest.mark.parametrize(
    "processors",
    ["", 'post-processor "manifest" {}\n', 'post-processor "manifest" {\n  output = "images.json"\n}\n'],
)
def test_a_template_that_writes_no_manifest_is_refused_before_anything_is_built(
    tmp_path: Path, processors: str
) -> None:
    (tmp_path / "image.pkr.hcl").write_text(f"{ARM}build {{\n{processors}}}\n")
    with pytest.raises(InvalidInput, match=r"writes no manifest\.json, by which its image is found"):
        building.refuse_without_manifest(tmp_path)


def test_a_manifest_may_be_one_of_several_processors_in_turn(tmp_path: Path) -> None:
    manifest = 'post-processor "manifest" {\n  output = "${path.root}/manifest.json"\n}\n'
    (tmp_path / "image.pkr.hcl").write_text(f"{ARM}build {{\n  post-processors {{\n{manifest}}}\n}}\n")
    building.refuse_without_manifest(tmp_path)


def test_a_file_in_json_beside_the_template_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image.pkr.hcl").write_text(ONE)
    (tmp_path / "more.pkr.json").write_text("{}")
    with pytest.raises(InvalidInput, match=r"Packer would read more\.pkr\.json, too"):
        sources.templates(tmp_path)


def test_a_template_in_json_is_refused_with_how_to_convert_it(tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text("{}")
    (tmp_path / "web.json").write_text('{"builders": [{"type": "amazon-ebs"}]}')
    with pytest.raises(InvalidInput, match=r"convert the JSON template with: packer hcl2_upgrade web\.json"):
        sources.templates(tmp_path)


PLUGINS = """
packer {{
  required_plugins {{
    amazon = {{
      source  = "github.com/hashicorp/amazon"
      version = "{version}"
    }}
  }}
}}
"""


@pytest.mark.parametrize(
    ("version", "rules"),
    [(">= 1.2.8", ["pinned-plugins"]), ("~> 1.2", ["pinned-plugins"]), ("= 1.3.9", []), ("1.3.9", [])],
)
def test_a_plugin_whose_version_is_not_pinned_is_told(tmp_path: Path, version: str, rules: list[str]) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/plugins.pkr.hcl").write_text(PLUGINS.format(version=version))
    found = validators.care(workspace(tmp_path, Unit("base", "packer", "base", ("dev",))))
    assert [(each.rule, each.file) for each in found] == [(rule, "base/plugins.pkr.hcl") for rule in rules]


COPIED = """
variable "regions" {{
  type    = list(string)
  default = ["ap-south-1", "eu-west-1"]
}}
source "amazon-ebs" "arm" {{
  ami_regions = {regions}
}}
source "amazon-ebs" "amd" {{
  ami_regions = ["sa-east-1"]
}}
build {{
  name    = "web"
  sources = ["source.amazon-ebs.arm", "source.amazon-ebs.amd"]
}}
"""


@pytest.mark.parametrize(
    ("regions", "given", "found"),
    [
        ('["us-east-1", "eu-west-1"]', {}, {"us-east-1", "eu-west-1"}),
        ("[]", {}, set()),
        ("var.regions", {}, {"ap-south-1", "eu-west-1"}),
        ("var.regions", {"regions": ["us-west-2"]}, {"us-west-2"}),
        ('["us-east-1", var.other]', {"other": "us-west-1"}, {"us-east-1", "us-west-1"}),
    ],
)
def test_the_regions_that_an_image_is_copied_to_are_those_of_its_own_source(
    tmp_path: Path, regions: str, given: dict[str, Any], found: set[str]
) -> None:
    (tmp_path / "image.pkr.hcl").write_text(COPIED.format(regions=regions))
    for only in ("amazon-ebs.arm", "web.amazon-ebs.arm", "*.arm"):
        assert copied_to(tmp_path, only, given) == found


@pytest.mark.parametrize(
    ("regions", "given", "found"),
    [
        ("null", {}, set()),
        ('["us-east-1", null, ""]', {}, {"us-east-1"}),
        ('["us-east-1", var.other]', {"other": None}, {"us-east-1"}),
        ("var.regions", {"regions": None}, set()),
    ],
)
def test_no_value_is_no_region(tmp_path: Path, regions: str, given: dict[str, Any], found: set[str]) -> None:
    (tmp_path / "image.pkr.hcl").write_text(COPIED.format(regions=regions))
    assert copied_to(tmp_path, "amazon-ebs.arm", given) == found


def test_a_variable_without_a_value_is_no_region(tmp_path: Path) -> None:
    template = COPIED.format(regions="var.regions").replace('["ap-south-1", "eu-west-1"]', "null")
    (tmp_path / "image.pkr.hcl").write_text(template)
    assert copied_to(tmp_path, "amazon-ebs.arm", {}) == set()


def test_variables_of_files_that_packer_loads_by_itself_count_before_those_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "image.pkr.hcl").write_text(COPIED.format(regions="var.regions"))
    for name in ("a", "b"):
        (tmp_path / f"{name}.auto.pkrvars.hcl").write_text(f'regions = ["us-{name}-1"]\n')
    (tmp_path / "other.pkrvars.hcl").write_text('regions = ["us-z-1"]\n')
    assert copied_to(tmp_path, "amazon-ebs.arm", {}) == {"us-b-1"}
    (tmp_path / "a.auto.pkrvars.json").write_text('{"regions": ["us-json-1"]}')
    assert copied_to(tmp_path, "amazon-ebs.arm", {}) == {"us-json-1"}
    assert copied_to(tmp_path, "amazon-ebs.arm", {"regions": ["us-given-1"]}) == {"us-given-1"}


@pytest.mark.parametrize(("name", "text"), [("hcl", "regions = ["), ("json", "{"), ("json", "[]")])
def test_a_file_that_packer_would_load_and_cannot_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "image.pkr.hcl").write_text(COPIED.format(regions="var.regions"))
    file = tmp_path / f"a.auto.pkrvars.{name}"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=re.escape(str(file))):
        copied_to(tmp_path, "amazon-ebs.arm", {})


def test_a_variable_of_a_file_that_packer_loads_by_itself_needs_no_input(tmp_path: Path) -> None:
    names = (*sources.SUPPLIED, "size")
    (tmp_path / "image.pkr.hcl").write_text("".join(f'variable "{name}" {{\n}}\n' for name in names))
    with pytest.raises(InvalidInput, match="needs size"):
        sources.refuse_wrong(tmp_path, {}, "image")
    (tmp_path / "a.auto.pkrvars.hcl").write_text("size = 8\n")
    sources.refuse_wrong(tmp_path, {}, "image")


@pytest.mark.parametrize("regions", ['concat(var.regions, ["us-east-1"])', "local.regions", '["us-${var.side}-1"]'])
def test_regions_that_only_packer_knows_are_refused(tmp_path: Path, regions: str) -> None:
    (tmp_path / "image.pkr.hcl").write_text(COPIED.format(regions=regions))
    with pytest.raises(InvalidInput, match=r"ami_regions of amazon-ebs\.arm: .* is only known when Packer runs"):
        copied_to(tmp_path, "amazon-ebs.arm", {})
