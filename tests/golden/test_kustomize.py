"""FlowMart's overlays, rendered by the real kubectl, and which files they read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml

from tasks.cluster.objects import Manifest
from tasks.domain.errors import InvalidInput, Refused
from tasks.engines.kustomize.sources import reads, rendered
from tasks.processes import Processes
from tests.peers.tools import tool

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
ENVIRONMENTS = ("dev", "staging", "production")


@cache
def overlay(name: str) -> dict[str, Manifest]:
    found = rendered(tool("kubectl"), INFRASTRUCTURE / "kubernetes" / name, Processes())
    return {str(about): manifest for about, manifest in found.items()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_the_same_objects(environment: str) -> None:
    assert list(overlay(f"overlays/{environment}")) == [
        "Namespace/flowmart",
        "PriorityClass/flowmart-critical",
        "PriorityClass/flowmart-standard",
        "NetworkPolicy/flowmart/deny-all",
        "NetworkPolicy/flowmart/names",
        "NetworkPolicy/flowmart/tests",
        "ResourceQuota/flowmart/flowmart",
        "LimitRange/flowmart/flowmart",
        "ConfigMap/flowmart/flowmart-environment",
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_says_which_environment_it_is(environment: str) -> None:
    found = overlay(f"overlays/{environment}")
    assert found["ConfigMap/flowmart/flowmart-environment"]["data"]["ENVIRONMENT"] == environment
    assert {m["metadata"]["labels"]["flowmart.example/environment"] for m in found.values()} == {environment}


def test_everything_is_closed_before_something_is_opened() -> None:
    policy = overlay("overlays/production")["NetworkPolicy/flowmart/deny-all"]["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_the_namespace_refuses_privileged_pods_and_is_never_removed() -> None:
    metadata = overlay("overlays/production")["Namespace/flowmart"]["metadata"]
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert metadata["annotations"]["flowmart.example/removal"] == "keep"


def rules(kind: str, name: str, namespace: str = "flowmart") -> set[tuple[str, str]]:
    """What a role allows: (resource, verb)."""
    found = overlay("access")[f"{kind}/{f'{namespace}/' if kind == 'Role' else ''}{name}"]["rules"]
    return {(what, verb) for rule in found for what in rule["resources"] for verb in rule["verbs"]}


def test_the_deployer_gives_out_no_rights_opens_no_shell_and_keeps_the_namespace() -> None:
    allowed = rules("Role", "flowmart-deployer") | rules("ClusterRole", "flowmart-deployer")
    assert not {"*"} & {part for pair in allowed for part in pair}
    assert not {pair for pair in allowed if pair[0] in ("roles", "rolebindings", "pods/exec", "nodes")}
    assert not {pair for pair in allowed if pair[1] in ("escalate", "bind", "impersonate")}
    assert ("namespaces", "delete") not in allowed


def test_the_planner_may_only_rehearse_what_overlays_and_charts_consist_of() -> None:
    allowed = rules("Role", "flowmart-plan") | rules("ClusterRole", "flowmart-plan")
    writes = {what for what, verb in allowed if verb not in ("get", "list", "watch")}
    assert writes == {
        "configmaps",
        "deployments",
        "horizontalpodautoscalers",
        "ingresses",
        "limitranges",
        "namespaces",
        "networkpolicies",
        "poddisruptionbudgets",
        "priorityclasses",
        "resourcequotas",
        "serviceaccounts",
        "services",
    }
    assert not {verb for _, verb in allowed} & {"delete", "update", "deletecollection"}
    policy = overlay("access")["ValidatingAdmissionPolicy/flowmart-planners-only-rehearse"]["spec"]
    assert policy["validations"][0]["expression"] == "has(request.dryRun) && request.dryRun"


def test_beside_the_services_they_may_do_what_the_log_shipper_consists_of() -> None:
    kinds = {"configmaps", "daemonsets", "networkpolicies", "serviceaccounts"}
    deployer, planner = (rules("Role", f"flowmart-{name}", "flowmart-logging") for name in ("deployer", "plan"))
    assert {what for what, verb in deployer if verb == "create"} == {*kinds, "secrets"}
    assert {what for what, verb in planner if verb not in ("get", "list", "watch")} == kinds
    assert not {verb for _, verb in planner} & {"delete", "update", "deletecollection"}


def test_in_the_namespace_of_monitoring_they_may_do_what_the_stack_and_its_rules_consist_of() -> None:
    core = {"configmaps", "daemonsets", "deployments", "secrets", "serviceaccounts", "services"}
    operated = {"alertmanagers", "prometheuses", "prometheusrules", "scrapeconfigs", "servicemonitors"}
    deployer, planner = (rules("Role", f"flowmart-{name}", "flowmart-monitoring") for name in ("deployer", "plan"))
    assert {what for what, verb in deployer if verb == "create"} == core | operated
    assert {what for what, verb in planner if verb not in ("get", "list", "watch")} == core | operated
    assert not {verb for _, verb in planner} & {"delete", "update", "deletecollection"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_whatever_monitoring_consists_of_the_deployer_may_apply_and_remove(environment: str) -> None:
    found = [about.split("/") for about in overlay(f"monitoring/{environment}")]
    allowed = {
        namespace: rules("Role", "flowmart-deployer", namespace) for namespace in ("flowmart-monitoring", "flowmart")
    }
    for kind, namespace, _ in found:
        plural = f"{kind.partition('.')[0].lower()}s".replace("policys", "policies")
        assert {(plural, verb) for verb in ("create", "patch", "delete")} <= allowed[namespace], kind


def test_whatever_the_overlays_consist_of_the_deployer_may_apply_and_remove() -> None:
    kinds = {name.split("/")[0] for e in ENVIRONMENTS for name in overlay(f"overlays/{e}")} - {"Namespace"}
    allowed = rules("Role", "flowmart-deployer") | rules("ClusterRole", "flowmart-deployer")
    plural = {kind: f"{kind.lower()}s".replace("policys", "policies").replace("classs", "classes") for kind in kinds}
    missing = {
        (k, verb)
        for k, what in plural.items()
        for verb in ("create", "patch", "delete")
        if (what, verb) not in allowed
    }
    assert missing == set()


def test_an_overlay_reads_itself_and_the_base() -> None:
    found = reads(INFRASTRUCTURE, "kubernetes/overlays/production")
    assert "kubernetes/overlays/production/quota.yaml" in found
    assert "kubernetes/base/network/deny-all.yaml" in found
    assert not [path for path in found if "/dev/" in path or "/access/" in path]


def kustomization(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(text)
    return folder


def test_files_of_generators_patches_and_components_are_read(tmp_path: Path) -> None:
    kustomization(
        tmp_path / "app",
        "components: [../part]\n"
        "configMapGenerator: [{name: a, files: [plain.txt, named=other.txt]}]\n"
        "patches: [{path: patch.yaml}, {patch: 'kind: Inline\\nmetadata: {}'}]\n",
    )
    kustomization(tmp_path / "part", "kind: Component\n")
    for name in ("plain.txt", "other.txt", "patch.yaml", "unused.txt"):
        (tmp_path / "app" / name).write_text("")
    expected = ["kustomization.yaml", "other.txt", "patch.yaml", "plain.txt"]
    assert reads(tmp_path, "app") == (*(f"app/{name}" for name in expected), "part/kustomization.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("resources: [https://example.com/remote.yaml]", "there is no https://example.com/remote.yaml beside it"),
        (
            "configMapGenerator: [{name: a, files: ['b=https://example.com/b']}]",
            "https://example.com/b would be fetched",
        ),
        ("secretGenerator: [{name: a, envs: ['http://example.com/b']}]", "http://example.com/b would be fetched"),
        ("patches: [{path: 'https://example.com/p.yaml'}]", "https://example.com/p.yaml would be fetched"),
        ("openapi: {path: 'https://example.com/o.json'}", "https://example.com/o.json would be fetched"),
        (
            "helmCharts: [{name: a, repo: 'https://example.com'}]",
            "helmCharts: .* make the chart a unit with engine: helm",
        ),
        ("resources: [missing.yaml]", "there is no missing.yaml beside it"),
        ("resources: [../../outside]", "outside of infrastructure/"),
        ("resources: [", "is not valid YAML"),
    ],
)
def test_what_no_release_could_hold_is_refused(tmp_path: Path, text: str, told: str) -> None:
    kustomization(tmp_path / "outside", "")
    kustomization(tmp_path / "infrastructure/app", text)
    with pytest.raises(InvalidInput, match=told):
        reads(tmp_path / "infrastructure", "app")


def test_files_that_generators_and_transformers_of_their_own_name_are_read(tmp_path: Path) -> None:
    builtin = "apiVersion: builtin\nkind: KIND\nmetadata: {name: a}\n"
    patch = builtin.replace("KIND", "PatchTransformer")
    inline = {"generators": ["made.yaml"], "transformers": ["changed.yaml", f"{patch}path: inline.yaml\n"]}
    kustomization(tmp_path / "app", yaml.safe_dump(inline))
    for name in ("plain.txt", "patch.yaml", "inline.yaml"):
        (tmp_path / "app" / name).write_text("")
    made = builtin.replace("KIND", "ConfigMapGenerator")
    (tmp_path / "app/made.yaml").write_text(f"{made}files: [plain.txt]\n")
    (tmp_path / "app/changed.yaml").write_text(f"{patch}path: patch.yaml\n")
    names = ("changed.yaml", "inline.yaml", "kustomization.yaml", "made.yaml", "patch.yaml", "plain.txt")
    assert reads(tmp_path, "app") == tuple(f"app/{name}" for name in names)
    (tmp_path / "app/made.yaml").write_text(f"{made}files: ['https://example.com/a']\n")
    with pytest.raises(InvalidInput, match=r"https://example\.com/a would be fetched"):
        reads(tmp_path, "app")


def test_an_address_that_is_no_file_is_a_text_like_any_other(tmp_path: Path) -> None:
    text = "configMapGenerator: [{name: a, literals: ['url=https://example.com']}]\ncommonAnnotations: {home: 'https://a.b'}\n"
    kustomization(tmp_path / "app", text)
    assert reads(tmp_path, "app") == ("app/kustomization.yaml",)


def test_a_folder_without_a_kustomization_is_told(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    with pytest.raises(InvalidInput, match=r"holds no kustomization\.yaml"):
        reads(tmp_path, "app")


def test_what_kubectl_refuses_to_render_is_a_no(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "app", "resources: [missing.yaml]")
    with pytest.raises(Refused, match=r"kubectl kustomize app: .*missing\.yaml"):
        rendered(tool("kubectl"), folder, Processes())
