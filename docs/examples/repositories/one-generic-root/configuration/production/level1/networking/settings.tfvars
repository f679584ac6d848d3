settings = {
  environment = "production"
}
