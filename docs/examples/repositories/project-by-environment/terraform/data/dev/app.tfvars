instances = 1
