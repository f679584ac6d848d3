terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.62.0"
    }
  }

  backend "s3" {
    bucket       = "flowmart-staging-tfstate-333333333333"
    key          = "networking/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["333333333333"]

  default_tags {
    tags = {
      Project     = "flowmart"
      Environment = "staging"
      Unit        = "networking"
      ManagedBy   = "terraform"
    }
  }
}
