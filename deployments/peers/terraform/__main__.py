"""Says where the newest Terraform is."""

from deployments.peers.terraform import provide

if __name__ == "__main__":
    print(provide())
