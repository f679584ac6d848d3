"""The sandbox's stand-in for hashicorp/aws: the same schema, real create/read/update/delete against moto.

The sandbox works without registry.terraform.io, so the real provider is not available. The stand-in takes its place
in a filesystem mirror and serves the same HCL. It implements Terraform's plugin protocol 6 itself, because the `tf`
package's provider loop hides the configuration from plans; only the generated messages of `tf` are used.
"""
