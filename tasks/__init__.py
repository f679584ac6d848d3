"""The steps of a promotion and the modules that implement them."""
