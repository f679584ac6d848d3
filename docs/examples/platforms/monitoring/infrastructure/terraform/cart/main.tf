terraform {
  backend "local" {}
}

variable "environment" {
  type = string
}

resource "terraform_data" "cart" {
  input = "cart 2.0.0 in ${var.environment}"
}

output "version" {
  value = terraform_data.cart.output
}
