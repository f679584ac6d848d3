locals {
  environment = read_terragrunt_config(find_in_parent_folders("environment.hcl")).locals.environment
}

remote_state {
  backend  = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config   = { path = "/var/lib/shop/${path_relative_to_include()}/terraform.tfstate" }
}

inputs = { environment = local.environment }
