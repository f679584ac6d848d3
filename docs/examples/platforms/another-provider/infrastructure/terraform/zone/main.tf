terraform {
  backend "local" {}

  required_providers {
    local = {
      source  = "hashicorp/local"
      version = "2.9.0"
    }
  }
}

variable "file" {
  type = string
}

variable "host" {
  type = string
}

resource "local_file" "zone" {
  filename = var.file
  content  = "${var.host} 198.51.100.7\n"
}

output "content" {
  value = local_file.zone.content
}
