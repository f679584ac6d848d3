"""The sandbox's stand-in for hashicorp/aws: the same schema, with real create, read, update and delete against moto.

The sandbox works without registry.terraform.io, so the real provider is not available. The stand-in takes its place
in a filesystem mirror and accepts the same HCL. It implements Terraform's plugin protocol 6 itself, because the
provider loop of the `tf` package hides the configuration from plans. It uses only the generated messages of `tf`.
"""
