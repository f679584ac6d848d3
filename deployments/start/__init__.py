"""A first platform.yaml: `discovery` looks at folders, `guesses` makes units of them, `text` writes them down."""
