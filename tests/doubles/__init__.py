"""Stand-ins for what tests cannot have, and deliveries as GitHub sends them."""
