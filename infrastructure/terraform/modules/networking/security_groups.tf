# Rules are written inside the groups, so that a rule that somebody adds by hand shows as drift of its group.

resource "aws_security_group" "load_balancer" {
  name        = "${var.name}-load-balancer"
  description = "Load balancer: the only group that the world may reach"
  vpc_id      = aws_vpc.this.id

  ingress {
    description = "HTTP from anywhere"
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = ["0.0.0.0/0"]
  }

  ingress {
    description = "HTTPS from anywhere"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  # By address and not by group: the application's group already points at this one.
  egress {
    description = "To the application"
    protocol    = "tcp"
    from_port   = var.application_port
    to_port     = var.application_port
    cidr_blocks = [for subnet in aws_subnet.private : subnet.cidr_block]
  }

  tags = { Name = "${var.name}-load-balancer" }
}

resource "aws_security_group" "application" {
  name        = "${var.name}-application"
  description = "Application instances: reached from the load balancer only"
  vpc_id      = aws_vpc.this.id

  ingress {
    description     = "From the load balancer"
    protocol        = "tcp"
    from_port       = var.application_port
    to_port         = var.application_port
    security_groups = [aws_security_group.load_balancer.id]
  }

  egress {
    description = "HTTPS: AWS endpoints and payment providers"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    description = "To the database"
    protocol    = "tcp"
    from_port   = 5432
    to_port     = 5432
    cidr_blocks = [for subnet in aws_subnet.database : subnet.cidr_block]
  }

  tags = { Name = "${var.name}-application" }
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "Database: reached from the application only"
  vpc_id      = aws_vpc.this.id

  ingress {
    description     = "PostgreSQL from the application"
    protocol        = "tcp"
    from_port       = 5432
    to_port         = 5432
    security_groups = [aws_security_group.application.id]
  }

  dynamic "ingress" {
    for_each = aws_security_group.bastion

    content {
      description     = "PostgreSQL from the bastion"
      protocol        = "tcp"
      from_port       = 5432
      to_port         = 5432
      security_groups = [ingress.value.id]
    }
  }

  tags = { Name = "${var.name}-database" }
}
