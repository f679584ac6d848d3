locals {
  name    = "dev"
  account = "222222222222"
}
