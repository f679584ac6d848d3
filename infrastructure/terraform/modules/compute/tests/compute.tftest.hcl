mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/flowmart-test-instance" }
  }

  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/flowmart-test-instance" }
  }

  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 7 }
  }

  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/flowmart-test/1" }
  }

  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/flowmart-test-8080/2" }
  }
}

variables {
  name                            = "flowmart-test"
  tags                            = { Project = "flowmart", Environment = "test", Unit = "compute", ManagedBy = "terraform" }
  vpc_id                          = "vpc-1"
  public_subnet_ids               = ["subnet-1", "subnet-2", "subnet-3"]
  private_subnet_ids              = ["subnet-4", "subnet-5", "subnet-6"]
  load_balancer_security_group_id = "sg-1"
  application_security_group_id   = "sg-2"
  application_port                = 8080
  image_id                        = "ami-12c6146b"
  instance_type                   = "t3.small"
  min_size                        = 2
  max_size                        = 4
  desired_capacity                = 2
  database_host                   = "db.example"
  database_secret_arn             = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1"
  data_key_arn                    = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  carts_table_name                = "flowmart-test-carts"
  carts_table_arn                 = "arn:aws:dynamodb:eu-west-1:123456789012:table/flowmart-test-carts"
}

run "instances_are_replaced_when_the_template_changes" {
  assert {
    condition     = aws_autoscaling_group.this.launch_template[0].version == tostring(aws_launch_template.this.latest_version)
    error_message = "the group must name the template's version, so that a new one shows in the plan and starts a refresh"
  }

  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].strategy == "Rolling" && aws_autoscaling_group.this.instance_refresh[0].preferences[0].auto_rollback
    error_message = "instances must be replaced one after another, and put back if the new ones do not get healthy"
  }

  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].min_healthy_percentage == 100
    error_message = "a refresh must not take capacity away"
  }
}

run "instances_have_no_public_address_and_no_weak_metadata" {
  assert {
    condition     = toset(aws_autoscaling_group.this.vpc_zone_identifier) == toset(var.private_subnet_ids)
    error_message = "instances must be in the private subnets"
  }

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "only IMDSv2, only from the instance itself"
  }

  assert {
    condition     = toset(aws_launch_template.this.vpc_security_group_ids) == toset(["sg-2"])
    error_message = "instances must be in the application's group"
  }
}

run "volumes_are_encrypted" {
  assert {
    condition     = alltrue([for mapping in aws_launch_template.this.block_device_mappings : mapping.ebs[0].encrypted == "true"])
    error_message = "every volume must be encrypted"
  }
}

run "instances_and_volumes_carry_the_tags" {
  assert {
    condition = alltrue([
      for specification in aws_launch_template.this.tag_specifications : specification.tags["Environment"] == "test"
    ]) && toset([for specification in aws_launch_template.this.tag_specifications : specification.resource_type]) == toset(["instance", "volume"])
    error_message = "the provider's default tags do not reach instances and volumes: the template must"
  }

  assert {
    condition     = contains([for tag in aws_autoscaling_group.this.tag : "${tag.key}=${tag.value}"], "Project=flowmart")
    error_message = "the group must be tagged too"
  }
}

run "an_instance_learns_where_everything_is" {
  assert {
    condition = alltrue([
      for line in ["PORT=8080", "DATABASE_HOST=db.example", "CARTS_TABLE=flowmart-test-carts", "LOG_GROUP=/flowmart-test/application", "AWS_REGION=eu-west-1"] :
      contains(split("\n", base64decode(aws_launch_template.this.user_data)), line)
    ])
    error_message = "user data must hold every setting on a line of its own"
  }

  assert {
    condition     = startswith(base64decode(aws_launch_template.this.user_data), "#!/bin/sh\n")
    error_message = "user data must be a script"
  }
}

run "the_instance_role_may_only_what_the_application_needs" {
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : statement.Resource != "*"])
    error_message = "no statement may be about all resources"
  }

  assert {
    condition = alltrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : statement.Action]) :
      !strcontains(action, "*")
    ])
    error_message = "no statement may be about all actions"
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : statement.Action if try(statement.Resource, "") == var.database_secret_arn])) == toset([
      "secretsmanager:GetSecretValue",
    ])
    error_message = "the database's secret may be read, and nothing else"
  }
}

run "without_a_certificate_http_is_served" {
  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "forward" && length(aws_lb_listener.https) == 0
    error_message = "HTTP must reach the application where there is no certificate"
  }
}

run "with_a_certificate_http_is_redirected" {
  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].port == "443"
    error_message = "HTTP must lead to HTTPS"
  }

  assert {
    condition     = aws_lb_listener.https[0].certificate_arn == var.certificate_arn && aws_lb_listener.https[0].default_action[0].type == "forward"
    error_message = "HTTPS must be served with the certificate"
  }

  assert {
    condition     = startswith(aws_lb_listener.https[0].ssl_policy, "ELBSecurityPolicy-TLS13")
    error_message = "old TLS versions must be refused"
  }
}

run "access_logs_are_kept_when_there_is_a_bucket" {
  variables {
    access_logs_bucket = "flowmart-logs-123456789012"
  }

  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.access_logs[0].bucket == "flowmart-logs-123456789012" && aws_lb.this.access_logs[0].prefix == "flowmart-test"
    error_message = "access logs must go to the bucket, below the environment's prefix"
  }
}

run "the_size_is_as_given" {
  assert {
    condition     = aws_autoscaling_group.this.min_size == 2 && aws_autoscaling_group.this.max_size == 4 && output.desired_capacity == 2
    error_message = "the group must have the given size"
  }
}

run "the_scaling_policy_aims_at_the_given_cpu" {
  variables {
    target_cpu_percent = 45
  }

  assert {
    condition     = aws_autoscaling_policy.cpu.target_tracking_configuration[0].target_value == 45
    error_message = "the policy must track the given CPU use"
  }
}

run "a_desired_capacity_beyond_the_limits_is_refused" {
  command = plan

  variables {
    desired_capacity = 5
  }

  expect_failures = [var.desired_capacity]
}

run "a_maximum_below_the_minimum_is_refused" {
  command = plan

  variables {
    max_size         = 1
    desired_capacity = null
  }

  expect_failures = [var.max_size]
}

run "something_else_than_an_image_is_refused" {
  command = plan

  variables {
    image_id = "latest"
  }

  expect_failures = [var.image_id]
}

run "missing_tags_are_refused" {
  command = plan

  variables {
    tags = { Project = "flowmart" }
  }

  expect_failures = [var.tags]
}

run "something_else_than_a_certificate_is_refused" {
  command = plan

  variables {
    certificate_arn = "flowmart.example"
  }

  expect_failures = [var.certificate_arn]
}

run "a_load_balancer_in_one_zone_is_refused" {
  command = plan

  variables {
    public_subnet_ids = ["subnet-1"]
  }

  expect_failures = [var.public_subnet_ids]
}
