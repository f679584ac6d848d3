terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.10.0"
    }
  }

  backend "gcs" {
    bucket = "shop-tfstate"
    prefix = "networks/production"
  }
}

provider "google" { region = "europe-west1" }

variable "domain" { type = string }

data "terraform_remote_state" "org" {
  backend = "gcs"
  config = {
    bucket = "shop-tfstate"
    prefix = "org/shared"
  }
}

module "base" {
  source = "../../modules/base"

  environment = "production"
  domain      = var.domain
}
