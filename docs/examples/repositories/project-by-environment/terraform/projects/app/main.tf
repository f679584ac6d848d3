terraform {
  backend "local" {}
}

variable "environment" {}

variable "team" {}

variable "cidr" {}

variable "instances" {}

data "terraform_remote_state" "network" {
  backend = "local"
  config  = { path = "/var/lib/shop/${var.environment}/blue/network.tfstate" }
}

resource "terraform_data" "app" {
  input = "${var.instances} of ${var.team} in ${data.terraform_remote_state.network.outputs.network}"
}

output "app" { value = terraform_data.app.output }
