"""What happens to an object between the request and the store.

structure.py  is it what its type says? unknown fields, wrong types, missing fields
defaults.py   what the API fills in (the values are in pod_defaults.py and kind_defaults.py)
rules.py      rules that types cannot say; names.py and pod_rules.py belong to it
changes.py    what may not change in an update
plugins.py    admission as on a real cluster: service accounts, limit ranges, quotas.py, policies.py
allocation.py what only the API server can give: addresses, ports, a first status
"""
