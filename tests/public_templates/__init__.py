"""Public CloudFormation templates, each created, updated, drifted and deleted in the sandbox by the engine.

Nothing of them is in this repository: git fetches them, or a clone is named.
"""
