"""The stages between a request and the store: structure, defaults, validation and admission.

structure.py  checks an object against its type: unknown fields, wrong types, missing fields
defaults.py   fills in the API's defaults (the values are in pod_defaults.py and kind_defaults.py)
normal.py     drops empty fields and writes quantities in one form
rules.py      checks rules that types cannot express, with names.py, pod_rules.py and the other ..._rules.py
changes.py    rejects updates of immutable fields
custom_rules  checks custom resources against their schema, with formats.py; expressions.py evaluates CEL
plugins.py    admission as on a real cluster: service accounts, limit ranges, security.py, quotas.py, policies.py
allocation.py assigns what only the API server can assign: addresses, ports, a first status
"""
