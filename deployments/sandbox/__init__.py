"""The embedded default: AWS, a Terraform provider and a Prefect server, all on loopback."""
