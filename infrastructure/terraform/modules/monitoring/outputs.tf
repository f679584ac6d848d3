output "alerts_topic_arn" {
  description = "ARN of the SNS topic that alarms are published to."
  value       = aws_sns_topic.alerts.arn
}

output "alarm_names" {
  description = "Names of all alarms, sorted."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "log_group_names" {
  description = "Names of the log groups by purpose."
  value       = { for purpose, group in aws_cloudwatch_log_group.this : purpose => group.name }
}
