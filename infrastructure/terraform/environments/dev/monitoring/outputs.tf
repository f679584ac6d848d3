output "alerts_topic_arn" {
  description = "ARN of the SNS topic that alarms are published to."
  value       = module.monitoring.alerts_topic_arn
}

output "alarm_names" {
  description = "Names of all alarms, sorted."
  value       = module.monitoring.alarm_names
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.monitoring.dashboard_name
}

output "log_group_names" {
  description = "Names of the log groups by purpose."
  value       = module.monitoring.log_group_names
}
