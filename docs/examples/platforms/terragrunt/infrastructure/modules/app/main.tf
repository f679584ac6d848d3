variable "network" {
  type = string
}

variable "environment" {
  type = string
}

resource "terraform_data" "app" {
  input = "app.${var.network}.shop.example"
}

output "address" {
  value = terraform_data.app.output
}
