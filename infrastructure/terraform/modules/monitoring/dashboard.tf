locals {
  load_balancer_dimensions = ["LoadBalancer", var.load_balancer_arn_suffix]
  target_dimensions        = ["TargetGroup", var.target_group_arn_suffix, "LoadBalancer", var.load_balancer_arn_suffix]
  database_dimensions      = ["DBInstanceIdentifier", var.db_instance_identifier]
  group_dimensions         = ["AutoScalingGroupName", var.autoscaling_group_name]
  table_dimensions         = ["TableName", var.carts_table_name]

  # In reading order: what customers notice, then what it may come from. Two in a row.
  charts = [
    {
      title = "Requests and errors"
      stat  = "Sum"
      metrics = [
        concat(["AWS/ApplicationELB", "RequestCount"], local.load_balancer_dimensions),
        concat(["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"], local.load_balancer_dimensions),
        concat(["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"], local.target_dimensions),
      ]
    },
    {
      title   = "Response time, 95th percentile (s)"
      stat    = "p95"
      metrics = [concat(["AWS/ApplicationELB", "TargetResponseTime"], local.target_dimensions)]
    },
    {
      title = "Hosts"
      stat  = "Maximum"
      metrics = [
        concat(["AWS/ApplicationELB", "HealthyHostCount"], local.target_dimensions),
        concat(["AWS/ApplicationELB", "UnHealthyHostCount"], local.target_dimensions),
      ]
    },
    {
      title   = "Instances: CPU (%)"
      stat    = "Average"
      metrics = [concat(["AWS/EC2", "CPUUtilization"], local.group_dimensions)]
    },
    {
      title = "Database: CPU (%) and connections"
      stat  = "Average"
      metrics = [
        concat(["AWS/RDS", "CPUUtilization"], local.database_dimensions),
        concat(["AWS/RDS", "DatabaseConnections"], local.database_dimensions),
      ]
    },
    {
      title   = "Database: free storage (bytes)"
      stat    = "Minimum"
      metrics = [concat(["AWS/RDS", "FreeStorageSpace"], local.database_dimensions)]
    },
    {
      title = "Carts: consumed capacity"
      stat  = "Sum"
      metrics = [
        concat(["AWS/DynamoDB", "ConsumedReadCapacityUnits"], local.table_dimensions),
        concat(["AWS/DynamoDB", "ConsumedWriteCapacityUnits"], local.table_dimensions),
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 3
        properties = { title = "Alarms", alarms = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn] }
      }],
      [for index, chart in local.charts : {
        type   = "metric"
        x      = index % 2 * 12
        y      = 3 + floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = chart.title
          region  = local.region
          stat    = chart.stat
          period  = 60
          view    = "timeSeries"
          metrics = chart.metrics
        }
      }],
    )
  })
}
