resource "aws_dynamodb_table" "products" {
  name                        = "${var.name}-products"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "product_id"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "product_id"
    type = "S"
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name        = "${var.name}-products-throttled"
  alarm_description = "Customers of the second region wait for products."
  namespace         = "AWS/DynamoDB"
  metric_name       = "ReadThrottleEvents"
  dimensions        = { TableName = aws_dynamodb_table.products.name }
  statistic         = "Sum"

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.alerts_topic_arn]
}
