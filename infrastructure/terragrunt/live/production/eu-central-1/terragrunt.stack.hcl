stack "storefront" {
  source = "${get_repo_root()}/infrastructure/terragrunt/catalog/stacks/read-only-storefront"
  path   = "storefront"

  values = {
    deletion_protection = true
  }
}
