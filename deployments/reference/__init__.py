"""The reference, written from the code, so that it cannot say anything else.

python -m deployments.reference    # writes docs/reference; a test holds the files equal to it

One module a page: `keys` of platform.yaml from its schema, `settings` from their classes, `exit_codes`, `events` from
their classes, `metrics` from what exporters describe, `log_fields` from the mappings, `permissions` from the policies
that `flowmart bootstrap` gives roles.
"""
