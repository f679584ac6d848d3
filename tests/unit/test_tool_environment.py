"""What tools inherit: what is listed, and nothing that grants an identity."""

import pytest

from tasks.tool_environment import KEEP, SYSTEM, kept

GRANTED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_API_URL",
    "PREFECT_API_DATABASE_CONNECTION_URL",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "FLOWMART_NOTIFY",
    "FLOWMART_GITHUB_TOKEN",
    "FLOWMART_SERVER_DATABASE",
    "PACKER_GITHUB_API_TOKEN",
    "ANSIBLE_GALAXY_SERVER_X_TOKEN",
    "ANSIBLE_BECOME_PASSWORD",
    "HELM_KUBETOKEN",
    "HELM_KUBEASUSER",
    "TF_TOKEN_app_terraform_io",
    "TF_VAR_password",
    "VAULT_TOKEN",
)

NEEDED = (
    "PATH",
    "HOME",
    "LC_ALL",
    "TMPDIR",
    "https_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "XDG_CACHE_HOME",
    "SSH_AUTH_SOCK",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_CA_BUNDLE",
    "TF_CLI_CONFIG_FILE",
    "TF_LOG",
    "HELM_REPOSITORY_CACHE",
    "KUBECONFIG",
    "ANSIBLE_HOST_KEY_CHECKING",
    "ANSIBLE_VAULT_PASSWORD_FILE",
    "PACKER_PLUGIN_PATH",
)


@pytest.mark.parametrize("name", GRANTED)
def test_what_grants_an_identity_is_not_inherited(name: str) -> None:
    assert kept({name: "ours"}) == {}


@pytest.mark.parametrize("name", NEEDED)
def test_what_a_tool_needs_is_inherited(name: str) -> None:
    assert kept({name: "x"}) == {name: "x"}


@pytest.mark.parametrize("setting", ["VAULT_ADDR,TF_TOKEN_*", "VAULT_ADDR TF_TOKEN_*", " TF_TOKEN_*, VAULT_ADDR "])
def test_the_setting_adds_names_and_beginnings(setting: str) -> None:
    ours = {"VAULT_ADDR": "a", "VAULT_TOKEN": "t", "TF_TOKEN_app_terraform_io": "x"}
    assert kept({**ours, KEEP: setting}) == {"VAULT_ADDR": "a", "TF_TOKEN_app_terraform_io": "x"}


def test_a_server_inherits_what_any_program_needs() -> None:
    assert kept({"PATH": "/bin", "AWS_ENDPOINT_URL": "x", "TF_LOG": "x"}, SYSTEM) == {"PATH": "/bin"}
