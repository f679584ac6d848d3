stack {
  name = "network of production"
  tags = ["network"]
}
