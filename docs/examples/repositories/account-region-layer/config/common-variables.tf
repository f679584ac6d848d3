variable "project" { type = string }

variable "environment" { type = string }
