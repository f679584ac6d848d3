resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
}

module "database" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-rds?ref=v7.2.0"

  identifier           = "public-modules"
  engine               = "mysql"
  engine_version       = "8.0"
  family               = "mysql8.0"
  major_engine_version = "8.0"
  instance_class       = "db.t4g.small"
  allocated_storage    = 20

  db_name                 = "shop"
  username                = "shop"
  port                    = 3306
  create_db_subnet_group  = true
  subnet_ids              = aws_subnet.this[*].id
  backup_retention_period = 7
  skip_final_snapshot     = true
  parameters              = [{ name = "character_set_server", value = "utf8mb4" }]

  tags = { Version = "VERSION" }
}

output "id" {
  value = module.database.db_instance_identifier
}
