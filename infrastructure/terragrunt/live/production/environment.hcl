locals {
  name    = "production"
  account = "444444444444"
}
