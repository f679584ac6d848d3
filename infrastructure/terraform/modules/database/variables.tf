variable "name" {
  description = "Prefix of every name in this module, by convention flowmart-<environment>. The database instance is called exactly so."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9])+$", var.name)) && length(var.name) <= 24
    error_message = "name must be at most 24 lower-case letters, digits and single hyphens, beginning with a letter: RDS refuses anything else."
  }
}

variable "subnet_ids" {
  description = "IDs of the subnets that the database may be placed in: at least two, in different zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 2
    error_message = "subnet_ids must name at least two different subnets: RDS wants two availability zones."
  }
}

variable "security_group_id" {
  description = "ID of the security group that decides who reaches the database."
  type        = string

  validation {
    condition     = startswith(var.security_group_id, "sg-")
    error_message = "security_group_id must be the ID of a security group: sg-..."
  }
}

variable "engine_version" {
  description = "PostgreSQL major version. Minor versions are AWS's to install, in the maintenance window."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^1[4-8]$", var.engine_version))
    error_message = "engine_version must be a PostgreSQL major version from 14 to 18, without a minor version."
  }
}

variable "instance_class" {
  description = "Size of the database instance."
  type        = string

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.instance_class))
    error_message = "instance_class must be an RDS instance class such as db.t4g.medium."
  }
}

variable "allocated_storage_gb" {
  description = "Storage that the database starts with, in GiB."
  type        = number

  validation {
    condition     = var.allocated_storage_gb >= 20 && var.allocated_storage_gb <= 65536
    error_message = "allocated_storage_gb must be from 20 to 65536: the limits of gp3 storage."
  }
}

variable "max_allocated_storage_gb" {
  description = "Size up to which RDS grows the storage by itself, in GiB."
  type        = number

  validation {
    condition     = var.max_allocated_storage_gb > var.allocated_storage_gb
    error_message = "max_allocated_storage_gb must be greater than allocated_storage_gb."
  }
}

variable "database_name" {
  description = "Name of the first database in the instance."
  type        = string
  default     = "flowmart"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "database_name must be 1 to 63 lower-case letters, digits and underscores, beginning with a letter."
  }
}

variable "master_username" {
  description = "Name of the master user. Its password is made, kept and rotated by Secrets Manager."
  type        = string
  default     = "flowmart_admin"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.master_username)) && !contains(["admin", "postgres", "rdsadmin", "user"], var.master_username)
    error_message = "master_username must be lower-case letters, digits and underscores, and none of RDS's reserved or guessable names."
  }
}

variable "multi_az" {
  description = "Whether a standby in another zone takes over when the instance fails."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database and the carts table."
  type        = bool
}

variable "skip_final_snapshot" {
  description = "Whether the database may be deleted without a last snapshot."
  type        = bool

  validation {
    condition     = !(var.skip_final_snapshot && var.deletion_protection)
    error_message = "skip_final_snapshot must be false where deletion_protection is true: data worth protecting is worth a last snapshot."
  }
}

variable "backup_retention_days" {
  description = "How long automatic backups are kept, in days."
  type        = number

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "backup_retention_days must be from 1 to 35: 0 would switch backups off."
  }
}

variable "apply_immediately" {
  description = "Whether changes to the instance are made at once or in the next maintenance window."
  type        = bool
  default     = true
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

variable "log_retention_days" {
  description = "How long the database's logs are kept, in days. One of the periods that CloudWatch Logs offers."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs offers, such as 7, 30, 90 or 365."
  }
}
