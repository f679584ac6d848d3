"""Public roles of Ansible's, each promoted to a host of the sandbox and back by the product itself.

Nothing of them is in this repository: git fetches them, or a folder of clones is named.
"""
