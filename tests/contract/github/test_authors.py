"""Who had a hand in commits, as GitHub says it."""

import pytest

from tasks.domain.errors import Refused, Unanswered
from tasks.github import authors
from tasks.github.client import Client
from tests.doubles.github_stub import GitHubStub

REPOSITORY = "flowmart/infrastructure"
FIRST, SECOND, MERGE = "1" * 40, "2" * 40, "3" * 40


def test_everybody_who_wrote_merged_or_opened_it_had_a_hand_in_it(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, FIRST, author="Anna")
    github.state.commits[1].append(github.state.commit(SECOND, "carla"))
    github.state.merge_pull(1, MERGE, by="ben")
    assert set(authors.of(client, REPOSITORY, [MERGE])) == {"anna", "ben", "carla"}


def test_a_squash_is_of_those_whose_commits_it_holds(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, FIRST, author="anna")
    github.state.commits[1].append(github.state.commit(SECOND, "carla"))
    github.state.merge_pull(1, MERGE, by="anna")
    github.state.authored[MERGE]["author"] = {"login": "anna"}
    assert "carla" in authors.of(client, REPOSITORY, [MERGE])


def test_a_pull_request_with_more_commits_than_github_lists_is_refused(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, FIRST, author="anna")
    github.state.commits[1] += [github.state.commit(f"{number:040x}", "anna") for number in range(249)]
    github.state.merge_pull(1, MERGE, by="anna")
    assert set(authors.of(client, REPOSITORY, [MERGE])) == {"anna"}
    github.state.commits[1].append(github.state.commit(SECOND, "carla"))
    with pytest.raises(Refused, match="GitHub lists 250 of the 251 commits of pull request 1"):
        authors.of(client, REPOSITORY, [MERGE])


@pytest.mark.parametrize(
    ("address", "login"),
    [
        ("4711+dora@users.noreply.github.com", "dora"),
        ("dora@users.noreply.github.com", "dora"),
        ("dora@flowmart.example", "dora-gh"),
    ],
)
def test_co_authors_had_a_hand_in_it(client: Client, github: GitHubStub, address: str, login: str) -> None:
    github.state.addresses["dora@flowmart.example"] = "dora-gh"
    github.state.commit(FIRST, "anna", f"a change\n\nCo-Authored-By: Dora <{address}>\n")
    assert set(authors.of(client, REPOSITORY, [FIRST])) == {"anna", login}


def test_a_co_author_without_an_account_is_nobody_who_could_approve(client: Client, github: GitHubStub) -> None:
    github.state.commit(FIRST, "anna", "a change\n\nCo-authored-by: Bot <bot@elsewhere.example>")
    assert set(authors.of(client, REPOSITORY, [FIRST])) == {"anna"}


def test_each_pull_request_of_what_lies_between_counts(client: Client, github: GitHubStub) -> None:
    for number, (sha, author) in enumerate([(FIRST, "anna"), (SECOND, "carla")], 1):
        github.state.open_pull(number, sha, author=author)
        github.state.merge_pull(number, sha, by=author)
    assert authors.of(client, REPOSITORY, [SECOND, FIRST]) == {"carla": SECOND, "anna": FIRST}


def test_a_commit_of_an_unknown_author_counts_as_its_pull_request_s(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, FIRST, author="anna")
    github.state.merge_pull(1, FIRST)
    github.state.commit(FIRST, None)
    assert set(authors.of(client, REPOSITORY, [FIRST])) == {"anna"}


def test_a_commit_that_nobody_is_known_to_have_written_is_refused(client: Client, github: GitHubStub) -> None:
    github.state.commit(FIRST, None)
    with pytest.raises(Refused, match="no account of its author, and no pull request brought it"):
        authors.of(client, REPOSITORY, [FIRST])


def test_an_open_pull_request_brings_nothing(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, FIRST, author="anna")
    github.state.commit(FIRST, None)
    github.state.brought[FIRST] = [1]
    with pytest.raises(Refused, match="no pull request brought it"):
        authors.of(client, REPOSITORY, [FIRST])


def test_a_commit_that_github_does_not_know_is_refused(client: Client, github: GitHubStub) -> None:
    with pytest.raises(Refused, match="GitHub does not say whose it is"):
        authors.of(client, REPOSITORY, [FIRST])


def test_silence_is_no_permission(client: Client, github: GitHubStub) -> None:
    github.down = True
    with pytest.raises(Unanswered):
        authors.of(client, REPOSITORY, [FIRST])
