terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.10.0"
    }
  }

  backend "gcs" {
    bucket = "shop-tfstate"
    prefix = "org/shared"
  }
}

provider "google" { region = "europe-west1" }

resource "google_pubsub_topic" "this" {
  project = "shop-org"
  name    = "org"
}
