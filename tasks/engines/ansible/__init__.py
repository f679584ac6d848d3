"""The engine for Ansible playbooks."""
