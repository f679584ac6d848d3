terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.62.0"
    }
  }

  backend "s3" {
    bucket       = "flowmart-production-tfstate-444444444444"
    key          = "monitoring/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["444444444444"]

  default_tags {
    tags = {
      Project     = "flowmart"
      Environment = "production"
      Unit        = "monitoring"
      ManagedBy   = "terraform"
    }
  }
}
