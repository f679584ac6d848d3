"""Terragrunt units: found by Terragrunt itself, scheduled by the product, planned and applied one by one.

`finding` runs `find` when a release is made, `answers` reads what it says, and `record` keeps that in the release, so
that nothing later needs the binary to know the units. `engine` is the Terraform engine in the folder that Terragrunt
prepares (`preparation`), with Terragrunt around the commands that belong to it (`execution`).
"""
