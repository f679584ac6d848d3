terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" { key = "dev/us-east-1/certificate/terraform.tfstate" }
}

provider "aws" { region = "us-east-1" }

resource "aws_sns_topic" "this" { name = "${var.project}-${var.environment}-certificate" }
