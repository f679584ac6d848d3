terraform {
  backend "local" {}
}

variable "region" {
  type = string
}

variable "size" {
  type = string
}

resource "terraform_data" "storefront" {
  input = { region = var.region, size = var.size }
}

output "address" {
  value = "storefront.${terraform_data.storefront.output.region}.shop.example"
}
