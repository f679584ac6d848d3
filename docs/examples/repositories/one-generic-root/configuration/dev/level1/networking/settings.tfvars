settings = {
  environment = "dev"
}
