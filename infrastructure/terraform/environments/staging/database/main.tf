data "terraform_remote_state" "networking" {
  backend = "s3"

  config = {
    bucket = "flowmart-staging-tfstate-333333333333"
    key    = "networking/terraform.tfstate"
    region = "eu-west-1"
  }
}

module "database" {
  source = "../../../modules/database"

  name              = "flowmart-staging"
  subnet_ids        = data.terraform_remote_state.networking.outputs.database_subnet_ids
  security_group_id = data.terraform_remote_state.networking.outputs.database_security_group_id

  engine_version           = "17"
  instance_class           = "db.t4g.small"
  allocated_storage_gb     = 20
  max_allocated_storage_gb = 100

  multi_az              = false
  deletion_protection   = false
  skip_final_snapshot   = true
  backup_retention_days = 7
  apply_immediately     = true

  key_deletion_window_days = 7
  log_retention_days       = 30
}
