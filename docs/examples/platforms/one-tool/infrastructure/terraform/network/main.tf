terraform {
  # A backend of your own: s3, azurerm, gcs and so on. platform.yaml says where each environment's state is.
  backend "local" {}
}

variable "environment" {
  type = string
}

resource "terraform_data" "network" {
  input = "network-${var.environment}"
}

output "id" {
  value = terraform_data.network.output
}
