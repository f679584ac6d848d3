domain = "shop.example"
