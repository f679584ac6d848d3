locals {
  environment = "production"
}
