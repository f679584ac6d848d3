terraform {
  backend "local" {}
}

variable "environment" {}

variable "team" {}

variable "cidr" {}

resource "terraform_data" "network" { input = "${var.team} ${var.environment} ${var.cidr}" }

output "network" { value = terraform_data.network.output }
