bucket       = "shop-dev-tfstate-222222222222"
region       = "eu-west-1"
use_lockfile = true
