"""Print the path of the newest Terraform."""

from deployments.peers.terraform import provide

if __name__ == "__main__":
    print(provide())
