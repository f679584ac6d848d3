variable "environment" {
  type = string
}

resource "terraform_data" "network" {
  input = "network-${var.environment}"
}

output "id" {
  value = terraform_data.network.output
}
