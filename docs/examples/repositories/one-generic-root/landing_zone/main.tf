terraform {
  backend "local" {}
}

variable "settings" { default = {} }

variable "networks" { default = {} }

variable "apps" { default = {} }

resource "terraform_data" "network" {
  for_each = var.networks
  input    = each.value
}

resource "terraform_data" "app" {
  for_each = var.apps
  input    = each.value
}

output "made" { value = concat(keys(var.networks), keys(var.apps)) }
