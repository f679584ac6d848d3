"""The one repository whose deliveries count, by name and, once GitHub was asked, by number."""

from __future__ import annotations

from deployments.github.events import Rules
from deployments.github.inbox import Inbox
from tasks.github import repositories
from tasks.settings import Settings


class Home:
    """What `events` needs to know of the platform's repository. The inbox keeps the number between processes."""

    def __init__(self, product: Settings, inbox: Inbox) -> None:
        """`InvalidInput` when the platform names no repository."""
        self.name = repositories.named(product)
        self._branch = product.delivered_branch
        self._inbox = inbox
        self._number = inbox.number_of(self.name)

    @property
    def rules(self) -> Rules:
        """What `events` has to know."""
        return Rules(self.name, self._number, self._branch)

    def learn(self, number: int) -> None:
        """GitHub said which number the repository has."""
        if number != self._number:
            self._inbox.learn(self.name, number).result()
            self._number = number
