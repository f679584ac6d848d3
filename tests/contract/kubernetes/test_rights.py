"""What FlowMart's two identities may do: the roles that the project gives them, and RBAC that is really checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployments.sandbox import kubernetes as clusters
from tests.contract.kubernetes.conftest import PROJECT, Console, Server, config, deployment

FLOWMART = ("-n", "flowmart")


@pytest.fixture(scope="module")
def administrator(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Console:
    """Of the cluster staging, in which the project's access rules are in force."""
    console = Console(clusters.path_of(server.state, "staging"), tmp_path_factory.mktemp("home"))
    console.kubectl("apply", "--server-side", "-k", str(PROJECT / "infrastructure/kubernetes/access"))
    return console


@pytest.fixture
def planner(administrator: Console, server: Server, tmp_path: Path) -> Console:
    return Console(clusters.path_of(server.state, "staging", clusters.PLAN), tmp_path)


@pytest.fixture
def deployer(administrator: Console, server: Server, tmp_path: Path) -> Console:
    return Console(clusters.path_of(server.state, "staging", clusters.DEPLOYER), tmp_path)


def test_before_roles_are_bound_nobody_but_the_administrator_may_do_anything(server: Server, tmp_path: Path) -> None:
    nobody_yet = Console(clusters.path_of(server.state, "dev", clusters.DEPLOYER), tmp_path)
    refused = nobody_yet.kubectl("get", "pods", fails=True)
    assert (
        'User "flowmart-deployer" cannot list resource "pods" in API group "" in the namespace "default"' in refused
    )


def test_a_wrong_token_is_nobodys(server: Server, console: Console) -> None:
    assert "You must be logged in" in console.kubectl("get", "pods", "--token", "wrong", fails=True)


def test_the_planner_reads_and_rehearses_but_cannot_write(planner: Console) -> None:
    planner.kubectl("get", "deployments", *FLOWMART)
    planner.apply(config(), options=("--server-side", "--dry-run=server", *FLOWMART))
    refused = planner.apply(config(), options=("--server-side", *FLOWMART), fails=True)
    assert "planners may only rehearse" in refused
    planner.kubectl("get", "configmap", "settings", *FLOWMART, fails=True)


def test_the_planner_cannot_delete_or_touch_another_namespace(planner: Console) -> None:
    planner.kubectl("delete", "configmap", "kube-root-ca.crt", *FLOWMART, fails=True)
    refused = planner.apply(config(), options=("--server-side", "--dry-run=server", "-n", "default"), fails=True)
    assert "is forbidden" in refused


def test_the_deployer_deploys_and_cannot_give_itself_more(deployer: Console) -> None:
    deployer.apply(deployment(), options=("--server-side", *FLOWMART))
    deployer.kubectl("rollout", "status", "deployment/web", *FLOWMART, "--timeout", "20s")
    deployer.kubectl("get", "nodes", fails=True)
    refused = deployer.kubectl("create", "role", "more", "--verb=*", "--resource=secrets", *FLOWMART, fails=True)
    assert 'cannot create resource "roles"' in refused
    deployer.kubectl("delete", "deployment", "web", *FLOWMART)


def test_nobody_gives_away_more_than_they_have(administrator: Console, tmp_path: Path) -> None:
    default = ("-n", "default")
    administrator.kubectl("create", "serviceaccount", "granter", *default)
    administrator.kubectl("create", "role", "write-roles", "--verb=create,get", "--resource=roles", *default)
    binding = ("create", "rolebinding", "granter", "--role=write-roles", "--serviceaccount=default:granter")
    administrator.kubectl(*binding, *default)
    granter = as_account(administrator, "granter", tmp_path)
    granter.kubectl("create", "role", "the-same", "--verb=get", "--resource=roles", *default)
    refused = granter.kubectl("create", "role", "more", "--verb=get", "--resource=secrets", *default, fails=True)
    assert "is attempting to grant RBAC permissions not currently held" in refused
    assert '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}' in refused


def test_can_i_answers_from_the_same_rules(planner: Console) -> None:
    assert planner.answer("kubectl", "auth", "can-i", "get", "deployments", *FLOWMART).out == "yes\n"
    assert planner.answer("kubectl", "auth", "can-i", "delete", "deployments", *FLOWMART).out == "no\n"
    assert clusters.PLAN in planner.kubectl("auth", "whoami")


def as_account(console: Console, account: str, folder: Path) -> Console:
    """The same cluster as one of its service accounts."""
    token = console.answer("kubectl", "create", "token", account, "-n", "default").out.strip()
    kubeconfig = json.loads(console.kubeconfig.read_text())
    kubeconfig["users"][0]["user"]["token"] = token
    (folder / "account.kubeconfig").write_text(json.dumps(kubeconfig))
    return Console(folder / "account.kubeconfig", folder)
