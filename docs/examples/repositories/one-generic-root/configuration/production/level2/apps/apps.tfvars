apps = {
  shop = 3
}
