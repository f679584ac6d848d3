resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

module "group" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-security-group?ref=v5.3.1"

  name   = "public-modules"
  vpc_id = aws_vpc.this.id

  ingress_cidr_blocks = ["10.0.0.0/8"]
  ingress_rules       = ["https-443-tcp", "http-80-tcp"]
  ingress_with_self   = [{ rule = "all-all" }]
  ingress_with_cidr_blocks = [{
    from_port   = 8080
    to_port     = 8090
    protocol    = "tcp"
    description = "version VERSION"
    cidr_blocks = "10.1.0.0/16,10.2.0.0/16"
  }]
  egress_rules = ["all-all"]
}

output "id" {
  value = module.group.security_group_id
}
