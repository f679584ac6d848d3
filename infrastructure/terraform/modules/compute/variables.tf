variable "name" {
  description = "Prefix of every name in this module, by convention flowmart-<environment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9])+$", var.name)) && length(var.name) <= 24
    error_message = "name must be at most 24 lower-case letters, digits and single hyphens, beginning with a letter: load balancer names hold 32 characters."
  }
}

variable "tags" {
  description = "Tags for the instances and their volumes: the auto scaling group makes them, so the provider's default tags do not reach them."
  type        = map(string)

  validation {
    condition     = alltrue([for key in ["Project", "Environment", "Unit", "ManagedBy"] : contains(keys(var.tags), key)])
    error_message = "tags must hold Project, Environment, Unit and ManagedBy."
  }
}

variable "vpc_id" {
  description = "ID of the VPC."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id must be the ID of a VPC: vpc-..."
  }
}

variable "public_subnet_ids" {
  description = "IDs of the subnets of the load balancer: at least two, in different zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.public_subnet_ids)) >= 2
    error_message = "public_subnet_ids must name at least two different subnets: a load balancer wants two availability zones."
  }
}

variable "private_subnet_ids" {
  description = "IDs of the subnets of the instances."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 1
    error_message = "private_subnet_ids must name at least one subnet."
  }
}

variable "load_balancer_security_group_id" {
  description = "ID of the load balancer's security group."
  type        = string

  validation {
    condition     = startswith(var.load_balancer_security_group_id, "sg-")
    error_message = "load_balancer_security_group_id must be the ID of a security group: sg-..."
  }
}

variable "application_security_group_id" {
  description = "ID of the instances' security group."
  type        = string

  validation {
    condition     = startswith(var.application_security_group_id, "sg-")
    error_message = "application_security_group_id must be the ID of a security group: sg-..."
  }
}

variable "application_port" {
  description = "TCP port on which the application listens; the same as in the networking module."
  type        = number

  validation {
    condition     = var.application_port >= 1024 && var.application_port <= 65535 && floor(var.application_port) == var.application_port
    error_message = "application_port must be a whole number from 1024 to 65535: the application does not run as root."
  }
}

variable "health_check_path" {
  description = "Path that answers 200 when an instance can serve customers."
  type        = string
  default     = "/health"

  validation {
    condition     = startswith(var.health_check_path, "/")
    error_message = "health_check_path must begin with a slash."
  }
}

variable "image_id" {
  description = "ID of the machine image with the application in it. A new image replaces the instances, one after another."
  type        = string

  validation {
    condition     = can(regex("^ami-[0-9a-f]{8,17}$", var.image_id))
    error_message = "image_id must be the ID of a machine image: ami- and 8 to 17 hexadecimal digits."
  }
}

variable "instance_type" {
  description = "Size of an instance; of the image's processor architecture."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.instance_type))
    error_message = "instance_type must be an EC2 instance type such as t3.small."
  }
}

variable "root_volume_gb" {
  description = "Size of an instance's root volume, in GiB; at least that of the image."
  type        = number
  default     = 20

  validation {
    condition     = var.root_volume_gb >= 8 && var.root_volume_gb <= 1024
    error_message = "root_volume_gb must be from 8 to 1024."
  }
}

variable "min_size" {
  description = "The least number of instances."
  type        = number

  validation {
    condition     = var.min_size >= 0 && floor(var.min_size) == var.min_size
    error_message = "min_size must be a whole number, 0 or more."
  }
}

variable "max_size" {
  description = "The greatest number of instances."
  type        = number

  validation {
    condition     = var.max_size >= var.min_size && var.max_size >= 1 && floor(var.max_size) == var.max_size
    error_message = "max_size must be a whole number, at least 1 and at least min_size."
  }
}

variable "desired_capacity" {
  description = "The number of instances now, or null to leave it to the scaling policy: a number is set again by every apply."
  type        = number
  default     = null

  validation {
    condition     = var.desired_capacity == null ? true : var.desired_capacity >= var.min_size && var.desired_capacity <= var.max_size
    error_message = "desired_capacity must be from min_size to max_size, or null."
  }
}

variable "target_cpu_percent" {
  description = "Average CPU use that the scaling policy aims at, in percent."
  type        = number
  default     = 60

  validation {
    condition     = var.target_cpu_percent >= 10 && var.target_cpu_percent <= 90
    error_message = "target_cpu_percent must be from 10 to 90."
  }
}

variable "certificate_arn" {
  description = "ARN of the load balancer's certificate. With it, HTTPS is served and HTTP redirected; null serves HTTP only."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null ? true : can(regex("^arn:aws[a-z-]*:(acm|iam):", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of an ACM or IAM certificate, or null."
  }
}

variable "access_logs_bucket" {
  description = "Name of the bucket that the load balancer's access logs go to, below the prefix `name`; null keeps none."
  type        = string
  default     = null

  validation {
    condition     = var.access_logs_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_logs_bucket))
    error_message = "access_logs_bucket must be the name of a bucket, or null."
  }
}

variable "database_host" {
  description = "Host name of the database."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+$", var.database_host))
    error_message = "database_host must be a host name, without a port."
  }
}

variable "database_secret_arn" {
  description = "ARN of the secret that holds the database's user and password; the instances may read it."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:secretsmanager:", var.database_secret_arn))
    error_message = "database_secret_arn must be the ARN of a secret in Secrets Manager."
  }
}

variable "data_key_arn" {
  description = "ARN of the key that encrypts secret and carts; the instances may use it through these two services only."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:", var.data_key_arn))
    error_message = "data_key_arn must be the ARN of a KMS key."
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

variable "carts_table_arn" {
  description = "ARN of the DynamoDB table of carts; the instances may read and write its items."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:dynamodb:", var.carts_table_arn))
    error_message = "carts_table_arn must be the ARN of a DynamoDB table."
  }
}
