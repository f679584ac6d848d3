terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.31.0"
    }
  }

  backend "s3" {
    bucket               = "shop-tfstate"
    key                  = "terraform.tfstate"
    region               = "eu-west-2"
    workspace_key_prefix = "environments/members/payments"
    use_lockfile         = true
  }
}

provider "aws" { region = "eu-west-2" }

locals {
  application_name = "payments"
  is_production    = substr(terraform.workspace, length(local.application_name), length(terraform.workspace)) == "-production"
  is_preproduction = substr(terraform.workspace, length(local.application_name), length(terraform.workspace)) == "-preproduction"
  is_development   = substr(terraform.workspace, length(local.application_name), length(terraform.workspace)) == "-development"
}

resource "aws_sns_topic" "this" { name = "payments-${terraform.workspace}" }
