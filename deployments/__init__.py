"""How the product is started and reached: the command line, the sandbox."""
