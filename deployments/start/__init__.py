"""Proposes a first platform.yaml: `discovery` and `lists` find sources, `guesses` derives units, `text` writes it."""
