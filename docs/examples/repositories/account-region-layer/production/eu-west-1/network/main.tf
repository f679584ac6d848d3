terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" { key = "production/eu-west-1/network/terraform.tfstate" }
}

provider "aws" { region = "eu-west-1" }

resource "aws_sns_topic" "this" { name = "${var.project}-${var.environment}-network" }
