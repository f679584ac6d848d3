"""A first platform.yaml: `discovery` and `lists` say what there is, `guesses` makes units of it, `text` writes it."""
