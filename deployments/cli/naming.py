"""Resolves the names that people use for releases: an id or its prefix, a branch, a tag, a commit, #12."""

from __future__ import annotations

import re

from deployments.cli import screen
from tasks import settings
from tasks.domain.release import Provenance, Release
from tasks.github import commits as fetched
from tasks.github.client import connect
from tasks.ledger.history import History
from tasks.releases import commits, names
from tasks.releases.requests import Purpose

HELP = "A release's id or its beginning, a pull request (#12), or what git takes for a commit: a branch, a tag, HEAD."
"""The help text of every argument that names a release."""

_PULL = re.compile(r"#(\d{1,9})")


def create_or_find(history: History, name: str | None, purpose: Purpose) -> Release:
    """Return the release of that name; a commit's release is created if needed. Without a name, HEAD is used."""
    chosen = settings.load()
    meant = names.meaning(history.releases, chosen.repository, _commit_of_pull(name) or name or "HEAD")
    if meant.commit is None:
        return history.release(meant.release or "")
    if name in (None, "HEAD") and commits.has_uncommitted(chosen.repository):
        screen.say("there are changes that are not committed: they are not in this release")
    return history.releases.create(chosen.repository, meant.commit.hash, chosen.acting, purpose)


def find(history: History, name: str) -> Release:
    """Return the release of that name, or the one created from a commit's content. Creates none."""
    repository = settings.load().repository
    name = _commit_of_pull(name) or name
    meant = names.meaning(history.releases, repository, name)
    return history.releases.find(repository, name) if meant.commit else history.release(meant.release or "")


def _commit_of_pull(name: str | None) -> str | None:
    """Return the commit of a pull request such as #12, fetched from GitHub; None for other names."""
    found = _PULL.fullmatch(name or "")
    if found is None:
        return None
    chosen = settings.load()
    return fetched.of_pull(chosen, connect(chosen), int(found[1]))


def described(release: Release, origin: Provenance) -> str:
    """Describe a release: "release 3f2a1c09d4e8 (c0ffee12 Paint it blue)"."""
    return f"release {release.id} ({origin.commit[:8]} {origin.subject})"
