"""What may be written in platform.yaml, overrides.yaml and drift.yaml: the shape of every key, not its meaning.

The JSON schema, the messages about wrong keys and the types of the other modules of `tasks.manifest` all come from
these models. What needs more than one key to judge (an order that loops, a folder that is missing) is for the rules
there.
"""
