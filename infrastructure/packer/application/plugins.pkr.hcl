# For Packer 1.7 and later: `packer init` installs them. Packer 1.6 has them built in and refuses this file.
packer {
  required_version = ">= 1.7"

  required_plugins {
    amazon = {
      version = "~> 1.3"
      source  = "github.com/hashicorp/amazon"
    }
    ansible = {
      version = "~> 1.1"
      source  = "github.com/hashicorp/ansible"
    }
  }
}
