terraform {
  backend "local" {}
}

variable "network" {
  type = string
}

variable "instances" {
  type = number
}

resource "terraform_data" "instance" {
  count = var.instances
  input = "${count.index} in ${var.network}"
}

output "instances" {
  value = length(terraform_data.instance)
}

output "names" {
  value = terraform_data.instance[*].output
}
