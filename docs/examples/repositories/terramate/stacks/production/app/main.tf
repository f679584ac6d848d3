terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" {
    bucket       = "shop-tfstate"
    key          = "production/app.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }
}

provider "aws" { region = "eu-west-1" }

locals {
  app = jsondecode(file("${path.module}/../../../config/app.json"))
}

resource "aws_sns_topic" "this" { name = "app-production-${local.app.size}" }
