environment = "production"
cidr        = "10.2.0.0/16"
