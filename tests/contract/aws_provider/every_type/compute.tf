resource "aws_launch_template" "this" {
  name                   = "this"
  description            = local.word
  update_default_version = true
  image_id               = local.second ? "ami-1e749f67" : "ami-12c6146b"
  instance_type          = "t3.small"
  vpc_security_group_ids = [aws_security_group.inner.id]
  user_data              = base64encode("#!/bin/sh\necho ${local.word}\n")

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = local.second ? 2 : 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = local.second ? 30 : 20
      encrypted             = "true"
      delete_on_termination = "true"
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Word = local.word }
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = "this"
  min_size                  = 1
  max_size                  = local.second ? 4 : 3
  desired_capacity          = local.second ? 3 : 2
  vpc_zone_identifier       = aws_subnet.this[*].id
  target_group_arns         = [aws_lb_target_group.this.arn]
  health_check_type         = "ELB"
  health_check_grace_period = local.second ? 60 : 120

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  tag {
    key                 = "Word"
    value               = local.word
    propagate_at_launch = true
  }

  dynamic "tag" {
    for_each = local.second ? [] : [1]

    content {
      key                 = "Extra"
      value               = "1"
      propagate_at_launch = false
    }
  }
}

resource "aws_autoscaling_policy" "this" {
  name                      = "cpu"
  autoscaling_group_name    = aws_autoscaling_group.this.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 120

  target_tracking_configuration {
    target_value = local.second ? 70.5 : 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_lb" "this" {
  name                       = "this"
  internal                   = false
  load_balancer_type         = "application"
  subnets                    = aws_subnet.this[*].id
  security_groups            = [aws_security_group.outer.id]
  idle_timeout               = local.second ? 30 : 60
  drop_invalid_header_fields = true

  access_logs {
    bucket  = aws_s3_bucket.this.bucket
    prefix  = local.word
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  name_prefix          = "this-"
  vpc_id               = aws_vpc.this.id
  port                 = 8080
  protocol             = "HTTP"
  deregistration_delay = local.second ? 10 : 30

  health_check {
    path                = local.second ? "/ready" : "/health"
    matcher             = local.second ? "200-299" : "200"
    interval            = 15
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = local.second ? 2 : 3
  }

  stickiness {
    type            = "lb_cookie"
    cookie_duration = 3600
    enabled         = local.second
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_target_group" "plain" {
  name_prefix = "plain-"
  vpc_id      = aws_vpc.this.id
  port        = local.third ? 9091 : 9090
  protocol    = "HTTP"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "forward" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = local.second ? aws_lb_target_group.plain.arn : aws_lb_target_group.this.arn
  }
}

resource "aws_lb_listener" "weighted" {
  load_balancer_arn = aws_lb.this.arn
  port              = 83

  default_action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.this.arn
        weight = local.second ? 1 : 9
      }

      target_group {
        arn    = aws_lb_target_group.plain.arn
        weight = 1
      }
    }
  }
}

resource "aws_lb_listener" "redirect" {
  load_balancer_arn = aws_lb.this.arn
  port              = local.second ? 8081 : 81
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "fixed" {
  load_balancer_arn = aws_lb.this.arn
  port              = 82
  protocol          = "HTTP"

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = local.word
      status_code  = "404"
    }
  }
}

resource "aws_instance" "this" {
  ami                         = "ami-12c6146b"
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.this[0].id
  vpc_security_group_ids      = [aws_security_group.inner.id]
  iam_instance_profile        = aws_iam_instance_profile.this.name
  associate_public_ip_address = false
  monitoring                  = true
  disable_api_termination     = false

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = local.second ? 2 : 1
  }

  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = 20
  }

  tags = { Word = local.word }
}

resource "aws_lb_listener_rule" "paths" {
  listener_arn = aws_lb_listener.fixed.arn
  priority     = local.second ? 20 : 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }

  condition {
    path_pattern {
      values = local.second ? ["/shop/*", "/cart/*"] : ["/shop/*"]
    }
  }

  condition {
    http_header {
      http_header_name = "X-From"
      values           = ["app"]
    }
  }
}

resource "aws_lb_listener_rule" "last" {
  listener_arn = aws_lb_listener.redirect.arn

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = local.word
      status_code  = "410"
    }
  }

  condition {
    host_header {
      values = ["old.example"]
    }
  }

  condition {
    query_string {
      key   = "version"
      value = "1"
    }
  }
}

resource "aws_lb_target_group_attachment" "this" {
  target_group_arn = aws_lb_target_group.plain.arn
  target_id        = aws_instance.this.id
  port             = local.third ? 9091 : 9090
}
