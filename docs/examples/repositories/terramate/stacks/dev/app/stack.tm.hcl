stack {
  name  = "app of dev"
  after = ["../network"]
  watch = ["/config/app.json"]
}
