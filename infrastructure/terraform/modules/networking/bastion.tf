# The one host from which people reach what has no way in: through Session Manager, so that no port is open for it, no key
# lies about and every session is recorded. What is inside of it is Ansible's (infrastructure/ansible/bastion).

locals {
  bastions = var.bastion_image_id == null ? [] : ["bastion"]
}

resource "aws_security_group" "bastion" {
  for_each = toset(local.bastions)

  name        = "${var.name}-bastion"
  description = "Bastion: nobody connects to it, it connects to Session Manager"
  vpc_id      = aws_vpc.this.id

  egress {
    description = "HTTPS: Session Manager, packages"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  # By address and not by group: the database's group already points at this one.
  egress {
    description = "To the database"
    protocol    = "tcp"
    from_port   = 5432
    to_port     = 5432
    cidr_blocks = [for subnet in aws_subnet.database : subnet.cidr_block]
  }

  tags = { Name = "${var.name}-bastion" }
}

resource "aws_instance" "bastion" {
  for_each = toset(local.bastions)

  ami                         = var.bastion_image_id
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.private[var.availability_zones[0]].id
  vpc_security_group_ids      = [aws_security_group.bastion[each.key].id]
  iam_instance_profile        = aws_iam_instance_profile.bastion[each.key].name
  associate_public_ip_address = false
  monitoring                  = true

  # IMDSv2 only: a request forged through the host gets no credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = 10
  }

  tags = { Name = "${var.name}-bastion" }
}

resource "aws_iam_role" "bastion" {
  for_each = toset(local.bastions)

  name        = "${var.name}-bastion"
  description = "Lets Session Manager reach the bastion of ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "bastion_session_manager" {
  for_each = toset(local.bastions)

  role       = aws_iam_role.bastion[each.key].name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "bastion" {
  for_each = toset(local.bastions)

  name = "${var.name}-bastion"
  role = aws_iam_role.bastion[each.key].name
}
