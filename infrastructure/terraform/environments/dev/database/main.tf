data "terraform_remote_state" "networking" {
  backend = "s3"

  config = {
    bucket = "flowmart-dev-tfstate-222222222222"
    key    = "networking/terraform.tfstate"
    region = "eu-west-1"
  }
}

module "database" {
  source = "../../../modules/database"

  name              = "flowmart-dev"
  subnet_ids        = data.terraform_remote_state.networking.outputs.database_subnet_ids
  security_group_id = data.terraform_remote_state.networking.outputs.database_security_group_id

  engine_version           = "17"
  instance_class           = "db.t4g.micro"
  allocated_storage_gb     = 20
  max_allocated_storage_gb = 50

  multi_az              = false
  deletion_protection   = false
  skip_final_snapshot   = true
  backup_retention_days = 1
  apply_immediately     = true

  key_deletion_window_days = 7
  log_retention_days       = 7
}
