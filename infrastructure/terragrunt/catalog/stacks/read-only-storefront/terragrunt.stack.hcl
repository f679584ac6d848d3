# The storefront of a second region. It shows products and sells none: whoever orders is sent to the first region.
unit "alerts" {
  source = "${get_repo_root()}/infrastructure/terragrunt/catalog/units/alerts"
  path   = "alerts"
}

unit "catalog" {
  source = "${get_repo_root()}/infrastructure/terragrunt/catalog/units/catalog"
  path   = "catalog"

  values = {
    deletion_protection = values.deletion_protection
  }
}
