stack {
  name = "network of dev"
  tags = ["network"]
}
