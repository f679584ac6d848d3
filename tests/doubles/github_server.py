"""The fixture of the GitHub stub, for every folder of tests that talks to it."""

from collections.abc import Iterator

import pytest

from tests.doubles.github_stub import TOKEN, GitHubStub, running


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubStub]:
    """A GitHub on loopback, to which the settings lead. A request that GitHub would not take fails the test."""
    with running() as stub:
        monkeypatch.setenv("FLOWMART_GITHUB_API", stub.url)
        monkeypatch.setenv("FLOWMART_GITHUB_TOKEN", TOKEN)
        yield stub
    if stub.violations:
        pytest.fail("GitHub would not take this:\n" + "\n".join(stub.violations))
