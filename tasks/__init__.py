"""The steps of a promotion and everything that they are made of."""
