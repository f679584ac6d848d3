variable "name" {
  description = "Prefix of every name in this module, by convention flowmart-<environment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9])+$", var.name)) && length(var.name) <= 24
    error_message = "name must be at most 24 lower-case letters, digits and single hyphens, beginning with a letter."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days. One of the periods that CloudWatch Logs offers."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs offers, such as 7, 30, 90 or 365."
  }
}

variable "alert_emails" {
  description = "Addresses that alarms are mailed to. Each has to confirm once, through the mail that AWS sends it."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", address))])
    error_message = "alert_emails must hold e-mail addresses."
  }
}

variable "load_balancer_arn_suffix" {
  description = "The end of the load balancer's ARN: app/<name>/<id>."
  type        = string

  validation {
    condition     = startswith(var.load_balancer_arn_suffix, "app/")
    error_message = "load_balancer_arn_suffix must be the end of an application load balancer's ARN: app/<name>/<id>, not the whole ARN."
  }
}

variable "target_group_arn_suffix" {
  description = "The end of the target group's ARN: targetgroup/<name>/<id>."
  type        = string

  validation {
    condition     = startswith(var.target_group_arn_suffix, "targetgroup/")
    error_message = "target_group_arn_suffix must be the end of a target group's ARN: targetgroup/<name>/<id>, not the whole ARN."
  }
}

variable "autoscaling_group_name" {
  description = "Name of the auto scaling group."
  type        = string

  validation {
    condition     = length(trimspace(var.autoscaling_group_name)) > 0
    error_message = "autoscaling_group_name must not be empty."
  }
}

variable "db_instance_identifier" {
  description = "Identifier of the database instance."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.db_instance_identifier))
    error_message = "db_instance_identifier must be the identifier of a database instance, not its ARN."
  }
}

variable "carts_table_name" {
  description = "Name of the DynamoDB table of carts."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{3,255}$", var.carts_table_name))
    error_message = "carts_table_name must be the name of a DynamoDB table, not its ARN."
  }
}

variable "max_5xx_per_minute" {
  description = "Answers with a 5xx status in one minute, above which the alarm counts that minute."
  type        = number
  default     = 10

  validation {
    condition     = var.max_5xx_per_minute >= 0
    error_message = "max_5xx_per_minute must be 0 or more."
  }
}

variable "max_latency_seconds" {
  description = "95th percentile of the application's response time, in seconds, above which the alarm counts a minute."
  type        = number
  default     = 1

  validation {
    condition     = var.max_latency_seconds > 0
    error_message = "max_latency_seconds must be greater than 0."
  }
}

variable "max_database_cpu_percent" {
  description = "Average CPU use of the database, in percent, above which the alarm counts a period of five minutes."
  type        = number
  default     = 80

  validation {
    condition     = var.max_database_cpu_percent > 0 && var.max_database_cpu_percent < 100
    error_message = "max_database_cpu_percent must be between 0 and 100."
  }
}

variable "min_database_storage_gb" {
  description = "Free storage of the database, in GiB, below which the alarm counts a period of five minutes."
  type        = number
  default     = 5

  validation {
    condition     = var.min_database_storage_gb > 0
    error_message = "min_database_storage_gb must be greater than 0."
  }
}

variable "key_deletion_window_days" {
  description = "How long a deleted encryption key can still be brought back, in days."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "key_deletion_window_days must be from 7 to 30: the limits of KMS."
  }
}
