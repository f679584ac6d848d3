terramate {
  required_version = ">= 0.11"
}
