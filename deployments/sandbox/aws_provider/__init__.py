"""The sandbox's stand-in for hashicorp/aws: the same schema, real create/read/update/delete against moto.

Where registry.terraform.io cannot be reached, the real provider cannot be had. This one takes its place in a
filesystem mirror and serves the very same HCL. It speaks Terraform's plugin protocol 6 itself, because the `tf`
package's own provider loop hides the configuration from plans; of `tf` only the generated messages are used.
"""
