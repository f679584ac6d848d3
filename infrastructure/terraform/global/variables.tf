variable "account_id" {
  description = "ID of the shared account, in which everything here lives. It ends the names of the buckets."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits."
  }
}

variable "environments" {
  description = "Account ID by environment: the accounts that log to the log bucket, read artifacts and are reached from GitHub."
  type        = map(string)

  validation {
    condition     = length(var.environments) > 0 && alltrue([for account in values(var.environments) : can(regex("^[0-9]{12}$", account))])
    error_message = "environments must name at least one environment, each with an account ID of 12 digits."
  }

  validation {
    condition     = alltrue([for name in keys(var.environments) : can(regex("^[a-z][a-z0-9-]*$", name))])
    error_message = "environments must have names of lower-case letters, digits and hyphens."
  }
}

variable "github_repository" {
  description = "The GitHub repository, as owner/name, whose workflows may assume the roles."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be owner/name, without wildcards: it decides who may become these roles."
  }
}

variable "domain" {
  description = "Name of the public DNS zone."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a domain name such as flowmart.example, in lower case and without a final dot."
  }
}

variable "records" {
  description = "DNS records by a name of your choice. `name` is relative to the domain; empty means the domain itself."
  type = map(object({
    name   = string
    type   = string
    ttl    = optional(number, 300)
    values = set(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for record in values(var.records) : contains(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"], record.type)])
    error_message = "records must be of type A, AAAA, CAA, CNAME, MX, NS, SRV or TXT."
  }

  validation {
    condition     = alltrue([for record in values(var.records) : !(record.type == "CNAME" && record.name == "")])
    error_message = "records must not put a CNAME on the domain itself: DNS does not allow it."
  }
}

variable "repositories" {
  description = "Names of the container image repositories, below flowmart/."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*$", name))])
    error_message = "repositories must have names of lower-case letters and digits, separated by single dots, hyphens or underscores."
  }
}

variable "log_retention_days" {
  description = "How long access logs are kept, in days."
  type        = number
  default     = 365

  validation {
    condition     = var.log_retention_days >= 30
    error_message = "log_retention_days must be at least 30: incidents are found late."
  }
}

variable "old_version_retention_days" {
  description = "How long overwritten and deleted objects can be brought back, in days."
  type        = number
  default     = 90

  validation {
    condition     = var.old_version_retention_days >= 7
    error_message = "old_version_retention_days must be at least 7."
  }
}
