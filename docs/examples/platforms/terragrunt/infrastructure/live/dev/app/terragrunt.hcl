include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//app"
}

dependency "network" {
  config_path  = "../network"
  mock_outputs = { id = "not-applied-yet" }
}

inputs = { network = dependency.network.outputs.id }
