"""The product's client, and the GitHub that it talks to."""

import pytest

from tasks import settings
from tasks.github.client import Client, connect
from tests.doubles.github_server import github
from tests.doubles.github_stub import GitHubStub

__all__ = ["github"]


@pytest.fixture
def client(github: GitHubStub) -> Client:
    """Signed in with a token."""
    return connect(settings.load())
