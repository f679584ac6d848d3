locals {
  name    = "staging"
  account = "333333333333"
}
