"""The demo (`python -m deployments.demo`): its steps, its releases, and what it changes by hand."""
