mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      address            = "flowmart-test.example.eu-west-1.rds.amazonaws.com"
      master_user_secret = [{ kms_key_id = "key", secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1", secret_status = "active" }]
    }
  }
}

variables {
  name                     = "flowmart-test"
  subnet_ids               = ["subnet-1", "subnet-2", "subnet-3"]
  security_group_id        = "sg-1"
  instance_class           = "db.t4g.micro"
  allocated_storage_gb     = 20
  max_allocated_storage_gb = 50
  multi_az                 = false
  deletion_protection      = false
  skip_final_snapshot      = true
  backup_retention_days    = 7
}

run "everything_at_rest_is_encrypted_with_the_modules_own_key" {
  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == aws_kms_key.this.arn
    error_message = "the database must be encrypted with the key"
  }

  assert {
    condition     = aws_dynamodb_table.carts.server_side_encryption[0].enabled && aws_dynamodb_table.carts.server_side_encryption[0].kms_key_arn == aws_kms_key.this.arn
    error_message = "the carts must be encrypted with the key"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "the key must be rotated"
  }
}

run "the_password_is_in_secrets_manager_and_nowhere_else" {
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "RDS must manage the password; Terraform must not know it"
  }

  assert {
    condition     = output.master_user_secret_arn == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1"
    error_message = "the output must be the ARN of the secret"
  }
}

run "the_database_is_private_and_speaks_tls_only" {
  assert {
    condition     = !aws_db_instance.this.publicly_accessible && toset(aws_db_instance.this.vpc_security_group_ids) == toset(["sg-1"])
    error_message = "only the given security group may decide who reaches the database"
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1")
    error_message = "connections without TLS must be refused"
  }
}

run "carts_can_be_restored_to_a_point_in_time_and_expire" {
  assert {
    condition     = aws_dynamodb_table.carts.point_in_time_recovery[0].enabled
    error_message = "point-in-time recovery must be on"
  }

  assert {
    condition     = aws_dynamodb_table.carts.ttl[0].enabled && aws_dynamodb_table.carts.ttl[0].attribute_name == "expires_at"
    error_message = "abandoned carts must expire"
  }
}

run "production_survives_a_zone_and_a_mistake" {
  variables {
    multi_az            = true
    deletion_protection = true
    skip_final_snapshot = false
  }

  assert {
    condition     = aws_db_instance.this.multi_az
    error_message = "a standby must exist"
  }

  assert {
    condition     = aws_db_instance.this.deletion_protection && aws_dynamodb_table.carts.deletion_protection_enabled
    error_message = "database and carts must be protected from deletion"
  }

  assert {
    condition     = aws_db_instance.this.skip_final_snapshot == false && aws_db_instance.this.final_snapshot_identifier == "flowmart-test-final"
    error_message = "a last snapshot must be taken, under a name"
  }
}

run "an_upgrade_brings_the_parameter_group_of_its_version" {
  variables {
    engine_version = "18"
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "postgres18" && aws_db_instance.this.parameter_group_name == "flowmart-test-postgres18"
    error_message = "engine and parameter group must be of the same version"
  }
}

run "protection_without_a_last_snapshot_is_refused" {
  command = plan

  variables {
    deletion_protection = true
    skip_final_snapshot = true
  }

  expect_failures = [var.skip_final_snapshot]
}

run "a_single_subnet_is_refused" {
  command = plan

  variables {
    subnet_ids = ["subnet-1", "subnet-1"]
  }

  expect_failures = [var.subnet_ids]
}

run "no_backups_is_refused" {
  command = plan

  variables {
    backup_retention_days = 0
  }

  expect_failures = [var.backup_retention_days]
}

run "storage_that_cannot_grow_is_refused" {
  command = plan

  variables {
    max_allocated_storage_gb = 20
  }

  expect_failures = [var.max_allocated_storage_gb]
}

run "a_minor_version_is_refused" {
  command = plan

  variables {
    engine_version = "17.4"
  }

  expect_failures = [var.engine_version]
}

run "a_reserved_user_name_is_refused" {
  command = plan

  variables {
    master_username = "postgres"
  }

  expect_failures = [var.master_username]
}

run "an_ec2_instance_type_is_refused" {
  command = plan

  variables {
    instance_class = "t4g.micro"
  }

  expect_failures = [var.instance_class]
}
