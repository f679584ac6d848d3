locals {
  load_balancer = { LoadBalancer = var.load_balancer_arn_suffix }
  targets       = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = var.target_group_arn_suffix }
  database      = { DBInstanceIdentifier = var.db_instance_identifier }

  alarms = {
    load-balancer-5xx = {
      description = "The load balancer itself fails to answer: no healthy target, or targets that hang up."
      namespace   = "AWS/ApplicationELB"
      metric      = "HTTPCode_ELB_5XX_Count"
      statistic   = "Sum"
      dimensions  = local.load_balancer
      period      = 60
      above       = true
      threshold   = var.max_5xx_per_minute
      missing     = "notBreaching"
    }
    application-5xx = {
      description = "The application answers with errors."
      namespace   = "AWS/ApplicationELB"
      metric      = "HTTPCode_Target_5XX_Count"
      statistic   = "Sum"
      dimensions  = local.targets
      period      = 60
      above       = true
      threshold   = var.max_5xx_per_minute
      missing     = "notBreaching"
    }
    latency = {
      description = "One request in twenty waits too long for the application."
      namespace   = "AWS/ApplicationELB"
      metric      = "TargetResponseTime"
      statistic   = "p95"
      dimensions  = local.targets
      period      = 60
      above       = true
      threshold   = var.max_latency_seconds
      missing     = "notBreaching"
    }
    unhealthy-hosts = {
      description = "An instance fails its health check and is not replaced."
      namespace   = "AWS/ApplicationELB"
      metric      = "UnHealthyHostCount"
      statistic   = "Maximum"
      dimensions  = local.targets
      period      = 60
      above       = true
      threshold   = 0
      missing     = "notBreaching"
    }
    database-cpu = {
      description = "The database is short of CPU."
      namespace   = "AWS/RDS"
      metric      = "CPUUtilization"
      statistic   = "Average"
      dimensions  = local.database
      period      = 300
      above       = true
      threshold   = var.max_database_cpu_percent
      missing     = "breaching"
    }
    database-storage = {
      description = "The database runs out of storage, faster than RDS may grow it."
      namespace   = "AWS/RDS"
      metric      = "FreeStorageSpace"
      statistic   = "Minimum"
      dimensions  = local.database
      period      = 300
      above       = false
      threshold   = var.min_database_storage_gb * 1024 * 1024 * 1024
      missing     = "breaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description
  namespace         = each.value.namespace
  metric_name       = each.value.metric
  dimensions        = each.value.dimensions

  # CloudWatch takes percentiles in a field of their own.
  statistic          = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic = startswith(each.value.statistic, "p") ? each.value.statistic : null

  comparison_operator = each.value.above ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = each.value.missing

  alarm_actions = [aws_sns_topic.alerts.arn]
  ok_actions    = [aws_sns_topic.alerts.arn]
}
