"""Small platforms, repositories and units that tests deliver, and engines at work on them."""
