"""Six public Terraform modules, each by a small root of our own, promoted through the sandbox and back.

Nothing of them is in this repository: git fetches each at a pinned tag.
"""
