data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  instance_tags = merge(var.tags, { Name = var.name })

  # The monitoring unit makes it; agents on the instances retry until it is there.
  log_group_name = "/${var.name}/application"

  user_data = templatefile("${path.module}/user_data.sh.tftpl", {
    settings = {
      PORT                = var.application_port
      AWS_REGION          = data.aws_region.current.region
      DATABASE_HOST       = var.database_host
      DATABASE_SECRET_ARN = var.database_secret_arn
      CARTS_TABLE         = var.carts_table_name
      LOG_GROUP           = local.log_group_name
    }
  })
}

resource "aws_launch_template" "this" {
  name                   = var.name
  description            = "What an application instance of ${var.name} is"
  update_default_version = true

  image_id               = var.image_id
  instance_type          = var.instance_type
  vpc_security_group_ids = [var.application_security_group_id]
  user_data              = base64encode(local.user_data)

  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }

  # IMDSv2 only, and not from containers: a request forged through the application gets no credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_volume_gb
      encrypted             = "true"
      delete_on_termination = "true"
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = local.instance_tags
  }

  tag_specifications {
    resource_type = "volume"
    tags          = local.instance_tags
  }
}

# Instances are replaced, never changed: a new template version starts an instance refresh.
resource "aws_autoscaling_group" "this" {
  name                = var.name
  min_size            = var.min_size
  max_size            = var.max_size
  desired_capacity    = var.desired_capacity
  vpc_zone_identifier = var.private_subnet_ids
  target_group_arns   = [aws_lb_target_group.this.arn]

  health_check_type         = "ELB"
  health_check_grace_period = 120

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 150
      auto_rollback          = true
    }
  }

  dynamic "tag" {
    for_each = local.instance_tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # The listener makes the target group reachable; before that, health checks of new instances never pass.
  depends_on = [aws_lb_listener.http]
}

resource "aws_autoscaling_policy" "cpu" {
  name                      = "${var.name}-cpu"
  autoscaling_group_name    = aws_autoscaling_group.this.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 120

  target_tracking_configuration {
    target_value = var.target_cpu_percent

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
