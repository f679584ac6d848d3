variable "environment" { type = string }

variable "domain" { type = string }

resource "google_pubsub_topic" "this" {
  project = "shop-${var.environment}"
  name    = replace(var.domain, ".", "-")
}
