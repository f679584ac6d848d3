mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:flowmart-test-alerts" }
  }

  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:flowmart-test" }
  }
}

variables {
  name                     = "flowmart-test"
  log_retention_days       = 30
  load_balancer_arn_suffix = "app/flowmart-test/1"
  target_group_arn_suffix  = "targetgroup/flowmart-test-8080/2"
  autoscaling_group_name   = "flowmart-test"
  db_instance_identifier   = "flowmart-test"
  carts_table_name         = "flowmart-test-carts"
}

run "every_way_to_fail_has_its_alarm" {
  assert {
    condition = output.alarm_names == tolist([
      "flowmart-test-application-5xx",
      "flowmart-test-database-cpu",
      "flowmart-test-database-storage",
      "flowmart-test-latency",
      "flowmart-test-load-balancer-5xx",
      "flowmart-test-unhealthy-hosts",
    ])
    error_message = "the alarms must be these"
  }
}

run "every_alarm_tells_somebody_when_it_comes_and_when_it_goes" {
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      toset(alarm.alarm_actions) == toset([aws_sns_topic.alerts.arn]) && toset(alarm.ok_actions) == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "alarms must be published to the topic"
  }
}

run "alarms_look_at_the_right_thing" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["latency"].extended_statistic == "p95" && aws_cloudwatch_metric_alarm.this["latency"].statistic == null
    error_message = "latency must be a percentile: an average hides the slow requests"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-storage"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["database-storage"].threshold == 5368709120
    error_message = "storage must alarm below 5 GiB, in bytes"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-cpu"].dimensions["DBInstanceIdentifier"] == "flowmart-test"
    error_message = "the database's alarms must look at the database"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["unhealthy-hosts"].dimensions == tomap({ LoadBalancer = "app/flowmart-test/1", TargetGroup = "targetgroup/flowmart-test-8080/2" })
    error_message = "hosts must be those of the target group behind the load balancer"
  }
}

run "a_database_that_says_nothing_is_an_alarm" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-cpu"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["load-balancer-5xx"].treat_missing_data == "notBreaching"
    error_message = "a database always has metrics; a load balancer has no 5xx metric while nothing fails"
  }
}

run "logs_and_alerts_are_encrypted_and_logs_expire" {
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == aws_kms_key.this.arn && group.retention_in_days == 30])
    error_message = "log groups must be encrypted with the key and have the given retention"
  }

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == aws_kms_key.this.arn
    error_message = "the topic must be encrypted with the key"
  }

  assert {
    condition     = output.log_group_names["application"] == "/flowmart-test/application"
    error_message = "the application's log group must have the name that the instances write to"
  }
}

run "only_alarms_of_this_account_may_publish" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sns_topic_policy.alerts.policy).Statement :
      statement.Principal.Service == "cloudwatch.amazonaws.com" && statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    ])
    error_message = "the topic must refuse everybody else"
  }

  assert {
    condition     = contains([for statement in jsondecode(aws_kms_key.this.policy).Statement : try(statement.Principal.Service, "")], "cloudwatch.amazonaws.com")
    error_message = "CloudWatch must be able to use the topic's key, or alarms are lost without a word"
  }
}

run "everybody_named_is_mailed" {
  variables {
    alert_emails = ["on-call@flowmart.example", "owner@flowmart.example"]
  }

  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.email : subscription.endpoint]) == toset(["on-call@flowmart.example", "owner@flowmart.example"])
    error_message = "every address must be subscribed"
  }
}

run "the_dashboard_has_a_chart_for_every_layer_and_no_overlaps" {
  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [for metric in widget.properties.metrics : metric[0]]
      if widget.type == "metric"
    ])) == toset(["AWS/ApplicationELB", "AWS/EC2", "AWS/RDS", "AWS/DynamoDB"])
    error_message = "load balancer, instances, database and carts must each be on the dashboard"
  }

  assert {
    condition = length(distinct([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x},${widget.y}"
    ])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "no two widgets may have the same place"
  }
}

run "a_whole_arn_instead_of_its_end_is_refused" {
  command = plan

  variables {
    load_balancer_arn_suffix = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/flowmart-test/1"
  }

  expect_failures = [var.load_balancer_arn_suffix]
}

run "something_else_than_an_address_is_refused" {
  command = plan

  variables {
    alert_emails = ["on-call"]
  }

  expect_failures = [var.alert_emails]
}

run "a_threshold_that_never_alarms_is_refused" {
  command = plan

  variables {
    max_database_cpu_percent = 100
  }

  expect_failures = [var.max_database_cpu_percent]
}

run "logs_without_an_end_are_refused" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}
