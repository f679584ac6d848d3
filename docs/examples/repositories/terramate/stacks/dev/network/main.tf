terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" {
    bucket       = "shop-tfstate"
    key          = "dev/network.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }
}

provider "aws" { region = "eu-west-1" }

resource "aws_sns_topic" "this" { name = "network-dev" }
