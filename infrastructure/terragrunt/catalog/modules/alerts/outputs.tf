output "topic_arn" {
  description = "ARN of the SNS topic that alarms of the region are published to."
  value       = aws_sns_topic.this.arn
}
