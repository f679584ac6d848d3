"""The platform's repository, whose deliveries are accepted: by name and, once GitHub has reported it, by number."""

from __future__ import annotations

from deployments.github.events import Rules
from deployments.github.inbox import Inbox
from tasks.github import repositories
from tasks.settings import Settings


class Home:
    """Provides the rules for `events`. The inbox keeps the repository's number between processes."""

    def __init__(self, product: Settings, inbox: Inbox) -> None:
        """Raises `InvalidInput` if the platform names no repository."""
        self.name = repositories.named(product)
        self._branch = product.delivered_branch
        self._inbox = inbox
        self._number = inbox.number_of(self.name)

    @property
    def rules(self) -> Rules:
        """The current rules for `events`."""
        return Rules(self.name, self._number, self._branch)

    def learn(self, number: int) -> None:
        """Store the repository's number as GitHub reported it."""
        if number != self._number:
            self._inbox.learn(self.name, number).result()
            self._number = number
