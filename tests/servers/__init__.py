"""What tests start for real: sandboxes, servers, machines, browsers; and how they ask them."""
