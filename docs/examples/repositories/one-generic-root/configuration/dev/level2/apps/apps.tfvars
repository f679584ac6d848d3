apps = {
  shop = 1
}
