"""Promote a release to one environment: claim, plan, test, gate, apply, smoke-check, roll back, recover."""
