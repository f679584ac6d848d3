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

data "terraform_remote_state" "network" {
  backend = "s3"
  config = {
    bucket = "shop-tfstate"
    key    = "production/network.tfstate"
    region = "eu-west-1"
  }
}

resource "aws_sns_topic" "this" { name = "app-in-${data.terraform_remote_state.network.outputs.name}" }
