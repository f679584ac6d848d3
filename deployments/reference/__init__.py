"""Generates the reference in docs/reference from the code, so that both always agree.

python -m deployments.reference    # writes docs/reference; a test compares the files with the result

Each page has a module: `keys` of platform.yaml from its schema, `settings` from their classes, `exit_codes`, `events`
from their classes, `metrics` from the exporters' descriptions, `log_fields` from the mappings, and `permissions` from
the policies that `flowmart bootstrap` gives roles.
"""
