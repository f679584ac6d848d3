resource "aws_cloudwatch_metric_alarm" "metric" {
  alarm_name          = "cpu"
  alarm_description   = local.word
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.second ? 80.5 : 80
  period              = 60
  evaluation_periods  = local.second ? 5 : 3
  dimensions          = { DBInstanceIdentifier = aws_db_instance.this.identifier }
  alarm_actions       = [aws_sns_topic.this.arn]
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "percentile" {
  alarm_name          = "latency"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.5
  period              = 60
  evaluation_periods  = 3
}

resource "aws_cloudwatch_metric_alarm" "expression" {
  alarm_name          = "rate"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  evaluation_periods  = 1

  metric_query {
    id          = "rate"
    expression  = local.second ? "100 * errors / requests" : "errors / requests"
    label       = "rate"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_Target_5XX_Count"
      period      = 60
      stat        = "Sum"
      dimensions  = { LoadBalancer = aws_lb.this.arn_suffix }
    }
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "this"

  dashboard_body = jsonencode({
    widgets = [{ type = "text", x = 0, y = 0, width = 6, height = 3, properties = { markdown = local.word } }]
  })
}

resource "aws_sns_topic" "this" {
  name              = "this"
  display_name      = local.word
  kms_master_key_id = aws_kms_key.this.key_id
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = local.word
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this.arn
    }]
  })
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn            = aws_sns_topic.this.arn
  protocol             = "https"
  endpoint             = local.third ? "https://example.com/alarms" : "https://example.com/alerts"
  raw_message_delivery = local.second
}
