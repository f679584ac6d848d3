terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" {
    bucket       = "shop-tfstate"
    key          = "network.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }
}

provider "aws" { region = "eu-west-1" }

locals {
  networks = yamldecode(file("${path.module}/../../config/networks.yaml"))
}

resource "aws_vpc" "this" { cidr_block = local.networks[terraform.workspace] }
