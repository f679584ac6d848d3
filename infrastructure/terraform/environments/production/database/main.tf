data "terraform_remote_state" "networking" {
  backend = "s3"

  config = {
    bucket = "flowmart-production-tfstate-444444444444"
    key    = "networking/terraform.tfstate"
    region = "eu-west-1"
  }
}

module "database" {
  source = "../../../modules/database"

  name              = "flowmart-production"
  subnet_ids        = data.terraform_remote_state.networking.outputs.database_subnet_ids
  security_group_id = data.terraform_remote_state.networking.outputs.database_security_group_id

  engine_version           = "17"
  instance_class           = "db.m7g.large"
  allocated_storage_gb     = 100
  max_allocated_storage_gb = 1000

  multi_az              = true
  deletion_protection   = true
  skip_final_snapshot   = false
  backup_retention_days = 35
  apply_immediately     = false

  key_deletion_window_days = 30
  log_retention_days       = 365
}
