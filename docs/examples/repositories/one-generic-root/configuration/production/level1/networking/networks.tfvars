networks = {
  hub = "10.3.0.0/16"
}
