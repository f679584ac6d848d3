"""`python -m deployments.cli`: the same as `flowmart`."""

from deployments.cli import main

main()
