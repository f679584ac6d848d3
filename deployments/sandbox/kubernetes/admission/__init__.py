"""What happens to an object between the request and the store.

structure.py  is it what its type says? unknown fields, wrong types, missing fields
defaults.py   what the API fills in (the values are in pod_defaults.py and kind_defaults.py)
normal.py     what is kept of it: nothing that is empty, and quantities in one form
rules.py      rules that types cannot say; names.py, pod_rules.py and the other ..._rules.py belong to it
changes.py    what may not change in an update
custom_rules  custom resources against their schema, with formats.py; expressions.py evaluates CEL
plugins.py    admission as on a real cluster: service accounts, limit ranges, security.py, quotas.py, policies.py
allocation.py what only the API server can give: addresses, ports, a first status
"""
