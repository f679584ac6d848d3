resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
}

module "alb" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-alb?ref=v10.5.0"

  name                       = "public-modules"
  vpc_id                     = aws_vpc.this.id
  subnets                    = aws_subnet.this[*].id
  enable_deletion_protection = false

  security_group_ingress_rules = {
    http = { from_port = 80, to_port = 80, ip_protocol = "tcp", cidr_ipv4 = "0.0.0.0/0" }
  }
  security_group_egress_rules = {
    all = { ip_protocol = "-1", cidr_ipv4 = "10.0.0.0/16" }
  }

  listeners = {
    http = {
      port     = 80
      protocol = "HTTP"
      forward  = { target_group_key = "shop" }
      rules = {
        old = {
          priority   = 10
          actions    = [{ redirect = { status_code = "HTTP_301", host = "shop.example", protocol = "HTTPS", port = "443" } }]
          conditions = [{ host_header = { values = ["version-VERSION.example"] } }]
        }
      }
    }
  }

  target_groups = {
    shop = { protocol = "HTTP", port = 8080, target_type = "ip", target_id = "10.0.0.10", name_prefix = "shop-" }
  }
}

output "id" {
  value = module.alb.arn
}
