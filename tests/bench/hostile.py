"""`python -m tests.bench.hostile`: 10,000 hostile and damaged deliveries, and what the receiver answers to each."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from deployments.github.inbox import Inbox
from deployments.github.receiver import create_app
from deployments.github.settings import ReceiverSettings
from tests.doubles import hostile
from tests.doubles.deliveries import SECRET, AppClient, home

DELIVERIES = 10_000


def main() -> None:
    """Send them, and print how many got which answer, and how many would have started something."""
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder) / "inbox.sqlite")
        app = create_app(ReceiverSettings.model_validate({"webhook_secret": SECRET}), home(inbox), inbox)
        client = AppClient(app)
        answers = Counter(client.post(*delivery).status_code for delivery in hostile.deliveries(0, DELIVERIES))
        started = len(inbox.waiting(limit=DELIVERIES))
        inbox.close()
    for status, number in sorted(answers.items()):
        print(f"answered {status}   {number:7d}")
    print(f"started something {started:4d}")


if __name__ == "__main__":
    main()
