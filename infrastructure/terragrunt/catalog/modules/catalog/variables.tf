variable "name" {
  description = "What the names of all resources begin with."
  type        = string
}

variable "alerts_topic_arn" {
  description = "ARN of the SNS topic that alarms are published to."
  type        = string
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the table."
  type        = bool
}
