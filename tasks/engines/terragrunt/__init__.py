"""The engine for Terragrunt units: Terragrunt lists them, and FlowMart schedules, plans and applies them one by one.

`finding` runs Terragrunt's `find` when a release is made, `answers` parses its output, and `record` keeps it in the
release. So nothing later needs the binary to know the units. `engine` is the Terraform engine, working in the folder
that Terragrunt prepares (`preparation`). Terragrunt runs only around the commands that need it (`execution`).
"""
