"""The real programs that the sandbox imitates, built from source where possible. The same tests run on both."""
