stack {
  name  = "app of production"
  after = ["../network"]
  watch = ["/config/app.json"]
}
