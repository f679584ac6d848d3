"""One platform, one repository: known by its number, whatever it is called now."""

import pytest

from tasks import settings
from tasks.domain.errors import InvalidInput, Refused
from tasks.github import repositories
from tasks.github.client import Client
from tasks.github.repositories import Repository
from tests.doubles.github_stub import GitHubStub

NAME = "flowmart/infrastructure"


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_PLATFORM", "shop")
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", NAME)


@pytest.mark.parametrize("asked", [NAME, "FlowMart/Infrastructure"])
def test_the_platform_s_repository_is_opened(client: Client, github: GitHubStub, asked: str) -> None:
    assert repositories.opened(client, settings.load(), asked) == Repository(NAME, 4711, "main")


def test_another_one_is_refused(client: Client, github: GitHubStub) -> None:
    with pytest.raises(Refused, match=f"mallory/shop: is not the repository of platform shop, which is {NAME}"):
        repositories.opened(client, settings.load(), "mallory/shop")


@pytest.mark.parametrize("asked", [NAME, "flowmart/platform"])
def test_one_that_was_renamed_is_known_by_both_names(client: Client, github: GitHubStub, asked: str) -> None:
    github.state.former, github.state.repository = {NAME}, "flowmart/platform"
    assert repositories.opened(client, settings.load(), asked) == Repository("flowmart/platform", 4711, "main")


def test_a_platform_without_one_says_where_to_name_it(
    client: Client, github: GitHubStub, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.delenv("FLOWMART_GITHUB_REPOSITORY")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"name it in .*platform\.yaml"):
        repositories.opened(client, settings.load(), NAME)
