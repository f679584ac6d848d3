resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = local.second
  tags                 = { Name = local.word }
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id                  = aws_vpc.this.id
  cidr_block              = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index)
  availability_zone       = data.aws_availability_zones.all.names[count.index]
  map_public_ip_on_launch = local.second

  # Known only after apply: the plan must bear it.
  tags = { Vpc = aws_vpc.this.id }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_eip" "this" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  allocation_id = aws_eip.this.id
  subnet_id     = aws_subnet.this[0].id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  dynamic "route" {
    for_each = local.second ? ["0.0.0.0/0", "10.9.0.0/16"] : ["0.0.0.0/0"]

    content {
      cidr_block = route.value
      gateway_id = aws_internet_gateway.this.id
    }
  }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route" "this" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = local.second ? null : aws_nat_gateway.this.id
  gateway_id             = local.second ? aws_internet_gateway.this.id : null
}

resource "aws_route_table_association" "this" {
  subnet_id      = aws_subnet.this[0].id
  route_table_id = local.second ? aws_route_table.private.id : aws_route_table.public.id
}

resource "aws_vpc_endpoint" "gateway" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.${data.aws_region.here.region}.s3"
  route_table_ids = local.second ? [aws_route_table.private.id] : [aws_route_table.private.id, aws_route_table.public.id]
}

resource "aws_security_group" "outer" {
  name_prefix = "outer-"
  vpc_id      = aws_vpc.this.id

  dynamic "ingress" {
    for_each = local.second ? [80] : [80, 443]

    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
      description = "port ${ingress.value}"
    }
  }

  egress {
    from_port        = 0
    to_port          = 0
    protocol         = "-1"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
}

resource "aws_security_group" "inner" {
  name        = "inner"
  description = "the application"
  vpc_id      = aws_vpc.this.id

  # Same ports, several sources, in rules of their own: AWS keeps them merged.
  ingress {
    from_port       = 8080
    to_port         = 8080
    protocol        = "tcp"
    security_groups = [aws_security_group.outer.id]
  }

  ingress {
    from_port   = 8080
    to_port     = 8080
    protocol    = "TCP"
    self        = true
    cidr_blocks = local.second ? ["10.2.0.0/16", "10.3.0.0/16"] : ["10.3.0.0/16", "10.1.0.0/16"]
  }

  ingress {
    from_port   = -1
    to_port     = -1
    protocol    = "icmp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/test/flow"
  retention_in_days = local.second ? 14 : 7
}

resource "aws_flow_log" "this" {
  vpc_id          = aws_vpc.this.id
  traffic_type    = local.third ? "REJECT" : "ALL"
  log_destination = aws_cloudwatch_log_group.flow.arn
  iam_role_arn    = aws_iam_role.this.arn
}
