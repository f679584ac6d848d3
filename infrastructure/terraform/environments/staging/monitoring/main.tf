data "terraform_remote_state" "compute" {
  backend = "s3"

  config = {
    bucket = "flowmart-staging-tfstate-333333333333"
    key    = "compute/terraform.tfstate"
    region = "eu-west-1"
  }
}

data "terraform_remote_state" "database" {
  backend = "s3"

  config = {
    bucket = "flowmart-staging-tfstate-333333333333"
    key    = "database/terraform.tfstate"
    region = "eu-west-1"
  }
}

module "monitoring" {
  source = "../../../modules/monitoring"

  name = "flowmart-staging"

  log_retention_days = 30
  alert_emails       = ["staging-alerts@flowmart.example"]

  max_5xx_per_minute  = 10
  max_latency_seconds = 1

  key_deletion_window_days = 7

  load_balancer_arn_suffix = data.terraform_remote_state.compute.outputs.load_balancer_arn_suffix
  target_group_arn_suffix  = data.terraform_remote_state.compute.outputs.target_group_arn_suffix
  autoscaling_group_name   = data.terraform_remote_state.compute.outputs.autoscaling_group_name

  db_instance_identifier = data.terraform_remote_state.database.outputs.db_instance_identifier
  carts_table_name       = data.terraform_remote_state.database.outputs.carts_table_name
}
