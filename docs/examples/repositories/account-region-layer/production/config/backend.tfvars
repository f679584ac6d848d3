bucket       = "shop-production-tfstate-444444444444"
region       = "eu-west-1"
use_lockfile = true
