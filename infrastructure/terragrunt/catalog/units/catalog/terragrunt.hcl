include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../catalog/modules//catalog"
}

dependency "alerts" {
  config_path = "../alerts"
}

inputs = {
  alerts_topic_arn    = dependency.alerts.outputs.topic_arn
  deletion_protection = values.deletion_protection
}
