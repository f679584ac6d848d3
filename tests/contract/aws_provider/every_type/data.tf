resource "aws_db_subnet_group" "this" {
  name        = "this"
  description = local.word
  subnet_ids  = aws_subnet.this[*].id
}

resource "aws_db_parameter_group" "this" {
  name   = "this"
  family = "postgres17"

  parameter {
    name  = "log_min_duration_statement"
    value = local.second ? "250" : "500"
  }

  dynamic "parameter" {
    for_each = local.second ? [] : [1]

    content {
      name         = "rds.force_ssl"
      value        = "1"
      apply_method = "pending-reboot"
    }
  }
}

resource "aws_db_instance" "this" {
  identifier                      = "this"
  engine                          = "postgres"
  engine_version                  = "17"
  instance_class                  = local.second ? "db.t4g.small" : "db.t4g.micro"
  allocated_storage               = local.second ? 40 : 20
  max_allocated_storage           = 100
  storage_type                    = "gp3"
  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.this.arn
  db_name                         = "shop"
  username                        = "shopkeeper"
  manage_master_user_password     = true
  master_user_secret_kms_key_id   = aws_kms_key.this.arn
  db_subnet_group_name            = aws_db_subnet_group.this.name
  parameter_group_name            = aws_db_parameter_group.this.name
  vpc_security_group_ids          = [aws_security_group.inner.id]
  multi_az                        = local.second
  backup_retention_period         = local.second ? 14 : 7
  backup_window                   = "02:00-03:00"
  maintenance_window              = local.second ? "sat:03:30-sat:04:30" : "sun:03:30-sun:04:30"
  copy_tags_to_snapshot           = true
  enabled_cloudwatch_logs_exports = local.second ? ["postgresql", "upgrade"] : ["postgresql"]
  skip_final_snapshot             = true
}

resource "aws_dynamodb_table" "this" {
  name                        = "this"
  billing_mode                = local.second ? "PROVISIONED" : "PAY_PER_REQUEST"
  read_capacity               = local.second ? 2 : null
  write_capacity              = local.second ? 1 : null
  hash_key                    = "id"
  range_key                   = "at"
  deletion_protection_enabled = false

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "at"
    type = "N"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = local.second
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }
}

resource "aws_dynamodb_table" "indexed" {
  name           = "indexed"
  read_capacity  = 2
  write_capacity = 2
  hash_key       = local.third ? "key" : "id"

  attribute {
    name = local.third ? "key" : "id"
    type = "S"
  }

  attribute {
    name = "owner"
    type = "S"
  }

  global_secondary_index {
    name            = "by-owner"
    hash_key        = "owner"
    projection_type = "ALL"
    read_capacity   = 1
    write_capacity  = 1
  }
}

resource "aws_db_instance" "by_default" {
  identifier             = "by-default"
  engine                 = "mysql"
  engine_version         = "8.0"
  instance_class         = "db.t4g.micro"
  allocated_storage      = 20
  username               = "shopkeeper"
  password               = "not-a-secret-here"
  option_group_name      = aws_db_option_group.this.name
  vpc_security_group_ids = []
  skip_final_snapshot    = true
}

resource "aws_db_option_group" "this" {
  name_prefix          = "this-"
  engine_name          = "mysql"
  major_engine_version = "8.0"
}
