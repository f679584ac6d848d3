"""Real Terraform providers, for the tests that need some: built by `make peers-providers`."""

from __future__ import annotations

from deployments.peers import providers

MIRROR = providers.MIRROR.found()
"""A filesystem mirror of them; None where they are not built."""

FILES = ("test_real_providers.py", "test_example_provider.py")
"""The contract tests that are not collected then."""

NOT_RUN = f"not run: {', '.join(FILES)}, since there are no real providers (make peers-providers builds them)"
