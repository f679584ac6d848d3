terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" {
    bucket       = "shop-tfstate"
    key          = "app.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }
}

provider "aws" { region = "eu-west-1" }

variable "instances" { type = number }

resource "aws_sns_topic" "this" {
  count = var.instances
  name  = "shop-${terraform.workspace}-${count.index}"
}
