data "terraform_remote_state" "networking" {
  backend = "s3"

  config = {
    bucket = "flowmart-dev-tfstate-222222222222"
    key    = "networking/terraform.tfstate"
    region = "eu-west-1"
  }
}

data "terraform_remote_state" "database" {
  backend = "s3"

  config = {
    bucket = "flowmart-dev-tfstate-222222222222"
    key    = "database/terraform.tfstate"
    region = "eu-west-1"
  }
}

module "compute" {
  source = "../../../modules/compute"

  name = "flowmart-dev"
  tags = local.tags

  image_id      = var.image_id
  instance_type = "t3.small"

  min_size         = 1
  max_size         = 2
  desired_capacity = 1

  certificate_arn    = null
  access_logs_bucket = "flowmart-logs-111111111111"

  vpc_id                          = data.terraform_remote_state.networking.outputs.vpc_id
  public_subnet_ids               = data.terraform_remote_state.networking.outputs.public_subnet_ids
  private_subnet_ids              = data.terraform_remote_state.networking.outputs.private_subnet_ids
  load_balancer_security_group_id = data.terraform_remote_state.networking.outputs.load_balancer_security_group_id
  application_security_group_id   = data.terraform_remote_state.networking.outputs.application_security_group_id
  application_port                = data.terraform_remote_state.networking.outputs.application_port

  database_host       = data.terraform_remote_state.database.outputs.endpoint
  database_secret_arn = data.terraform_remote_state.database.outputs.master_user_secret_arn
  data_key_arn        = data.terraform_remote_state.database.outputs.kms_key_arn
  carts_table_name    = data.terraform_remote_state.database.outputs.carts_table_name
  carts_table_arn     = data.terraform_remote_state.database.outputs.carts_table_arn
}
