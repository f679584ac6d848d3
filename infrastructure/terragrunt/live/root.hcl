# What all units have in common: where their state is, and the provider with its tags.
locals {
  environment = read_terragrunt_config(find_in_parent_folders("environment.hcl")).locals
  region      = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals.region

  # The unit's name in FlowMart, which the tag Unit has to be: eu-central-1-storefront-catalog.
  path = replace(path_relative_to_include(), ".terragrunt-stack/", "")
  unit = replace(trimprefix(local.path, "${local.environment.name}/"), "/", "-")
}

remote_state {
  backend  = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite" }

  config = {
    bucket       = "flowmart-${local.environment.name}-tfstate-${local.environment.account}"
    key          = "terragrunt/${local.unit}/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite"

  contents = <<-EOT
    provider "aws" {
      region              = "${local.region}"
      allowed_account_ids = ["${local.environment.account}"]

      default_tags {
        tags = {
          Project     = "flowmart"
          Environment = "${local.environment.name}"
          Unit        = "${local.unit}"
          ManagedBy   = "terragrunt"
        }
      }
    }
  EOT
}

inputs = {
  name = "flowmart-${local.environment.name}-storefront"
}
