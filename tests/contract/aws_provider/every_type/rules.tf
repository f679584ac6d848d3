# What a VPC has from the start, and rules as objects of their own.

resource "aws_vpc" "ruled" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_subnet" "ruled" {
  vpc_id     = aws_vpc.ruled.id
  cidr_block = "10.1.0.0/24"
}

resource "aws_internet_gateway" "ruled" {
  vpc_id = aws_vpc.ruled.id
}

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.ruled.id

  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }

  dynamic "egress" {
    for_each = local.second ? ["10.0.0.0/8"] : []

    content {
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = [egress.value]
    }
  }
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.ruled.default_route_table_id

  route {
    cidr_block = local.second ? "10.9.0.0/16" : "0.0.0.0/0"
    gateway_id = aws_internet_gateway.ruled.id
  }
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.ruled.default_network_acl_id

  dynamic "ingress" {
    for_each = local.second ? ["10.0.0.0/8"] : ["0.0.0.0/0", "10.0.0.0/8"]

    content {
      rule_no    = 100 + ingress.key
      action     = "allow"
      protocol   = "tcp"
      from_port  = 0
      to_port    = 65535
      cidr_block = ingress.value
    }
  }

  egress {
    rule_no         = 101
    action          = "allow"
    protocol        = "-1"
    from_port       = 0
    to_port         = 0
    ipv6_cidr_block = "::/0"
  }
}

resource "aws_network_acl" "this" {
  vpc_id     = aws_vpc.ruled.id
  subnet_ids = [aws_subnet.ruled.id]

  ingress {
    rule_no    = 200
    action     = local.second ? "deny" : "ALLOW"
    protocol   = "icmp"
    from_port  = 0
    to_port    = 0
    icmp_type  = 8
    icmp_code  = 0
    cidr_block = "10.0.0.0/8"
  }
}

resource "aws_network_acl" "empty" {
  vpc_id = aws_vpc.ruled.id
}

resource "aws_network_acl_rule" "this" {
  network_acl_id = aws_network_acl.empty.id
  rule_number    = local.third ? 301 : 300
  rule_action    = "allow"
  protocol       = "tcp"
  from_port      = 80
  to_port        = 80
  cidr_block     = "10.0.0.0/8"
}

resource "aws_security_group" "ruled" {
  name   = "ruled"
  vpc_id = aws_vpc.ruled.id
}

resource "aws_security_group_rule" "several" {
  security_group_id = aws_security_group.ruled.id
  type              = "ingress"
  protocol          = "TCP"
  from_port         = 80
  to_port           = 80
  cidr_blocks       = local.third ? ["10.2.0.0/16"] : ["10.3.0.0/16", "10.1.0.0/16"]
  description       = local.word
}

resource "aws_security_group_rule" "self" {
  security_group_id = aws_security_group.ruled.id
  type              = "egress"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  self              = true
}

resource "aws_security_group_rule" "group" {
  security_group_id        = aws_security_group.ruled.id
  type                     = "ingress"
  protocol                 = "udp"
  from_port                = 53
  to_port                  = 53
  source_security_group_id = aws_default_security_group.this.id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = aws_security_group.ruled.id
  ip_protocol       = "tcp"
  from_port         = local.second ? 8443 : 443
  to_port           = local.second ? 8443 : 443
  cidr_ipv4         = "10.0.0.0/8"
  description       = local.word
}

resource "aws_vpc_security_group_ingress_rule" "group" {
  security_group_id            = aws_security_group.ruled.id
  ip_protocol                  = "tcp"
  from_port                    = 22
  to_port                      = 22
  referenced_security_group_id = aws_default_security_group.this.id
}

resource "aws_vpc_security_group_egress_rule" "six" {
  security_group_id = aws_security_group.ruled.id
  ip_protocol       = "all"
  cidr_ipv6         = "::/0"
}

resource "aws_vpc_security_group_egress_rule" "this" {
  security_group_id = aws_security_group.ruled.id
  ip_protocol       = "-1"
  cidr_ipv4         = local.second ? "10.0.0.0/8" : "0.0.0.0/0"
}
