variable "name" {
  description = "Prefix of every name in this network, by convention flowmart-<environment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9])+$", var.name)) && length(var.name) <= 24
    error_message = "name must be at most 24 lower-case letters, digits and single hyphens, beginning with a letter."
  }
}

variable "cidr_block" {
  description = "IPv4 range of the VPC: a /16, from which all subnets are cut."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && endswith(var.cidr_block, "/16")
    error_message = "cidr_block must be a /16 in CIDR notation, for example 10.10.0.0/16."
  }
}

variable "availability_zones" {
  description = "The three zones to spread over. Named rather than looked up, so that a zone that AWS adds never moves a subnet."
  type        = list(string)

  validation {
    condition     = length(distinct(var.availability_zones)) == 3 && length(var.availability_zones) == 3
    error_message = "availability_zones must name exactly three different zones."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$", zone))])
    error_message = "availability_zones must be zone names such as eu-west-1a."
  }
}

variable "nat_gateways" {
  description = "How private subnets reach the internet: \"single\" (one gateway, cheap) or \"per_zone\" (one in each zone, survives the loss of a zone)."
  type        = string

  validation {
    condition     = contains(["single", "per_zone"], var.nat_gateways)
    error_message = "nat_gateways must be \"single\" or \"per_zone\"."
  }
}

variable "application_port" {
  description = "TCP port on which the application listens behind the load balancer."
  type        = number
  default     = 8080

  validation {
    condition     = var.application_port >= 1024 && var.application_port <= 65535 && floor(var.application_port) == var.application_port
    error_message = "application_port must be a whole number from 1024 to 65535: the application does not run as root."
  }
}

variable "flow_log_retention_days" {
  description = "How long flow logs are kept, in days. One of the periods that CloudWatch Logs offers."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_retention_days)
    error_message = "flow_log_retention_days must be a period that CloudWatch Logs offers, such as 7, 30, 90 or 365."
  }
}

variable "bastion_image_id" {
  description = "Machine image of the bastion; null for a network without one."
  type        = string
  default     = null

  validation {
    condition     = var.bastion_image_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.bastion_image_id))
    error_message = "bastion_image_id must be the ID of a machine image: ami- and 8 to 17 hexadecimal digits."
  }
}
