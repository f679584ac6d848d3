# The image that application instances are started from: the hardened base image, and the application with its service.
# The whole template is this one file, because Packer 1.6 is given it alone; and it has no function `regex`. See ../README.md.

variable "name" {
  type        = string
  description = "Name of the image; the pipeline makes it of the family and the digest of everything that goes into it."

  validation {
    condition     = regex_replace(var.name, "^[a-z0-9][a-z0-9-]{2,127}$", "") == ""
    error_message = "The name must be 3 to 128 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  type        = string
  description = "Region that the image is built in, and used in."

  validation {
    condition     = regex_replace(var.region, "^[a-z]{2}(-[a-z]+)+-[0-9]$", "") == ""
    error_message = "The region must be an AWS region such as eu-west-1."
  }
}

variable "accounts" {
  type        = list(string)
  description = "Accounts, besides the one that builds it, in which instances may be started from the image."
  default     = []

  validation {
    condition     = length([for account in var.accounts : account if regex_replace(account, "^[0-9]{12}$", "") != ""]) == 0
    error_message = "The accounts must be account numbers of 12 digits."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for the image, its snapshot and what it is built on; the pipeline gives the release and the digest."

  validation {
    condition     = length([for name in ["Project", "Release"] : name if lookup(var.tags, name, "") == ""]) == 0
    error_message = "The tags must hold Project and Release."
  }
}

variable "source_ami" {
  type        = string
  description = "ID of the base image."

  validation {
    condition     = regex_replace(var.source_ami, "^ami-[0-9a-z]{8,17}$", "") == ""
    error_message = "The source_ami must be the ID of an image: ami-..."
  }
}

variable "instance_type" {
  type        = string
  description = "Size of the instance that the image is built on; of the source's processor architecture."
  default     = "t3.small"

  validation {
    condition     = regex_replace(var.instance_type, "^[a-z][a-z0-9-]*[.][a-z0-9-]+$", "") == ""
    error_message = "The instance_type must be an EC2 instance type such as t3.small."
  }
}

variable "volume_gb" {
  type        = number
  description = "Size of the root volume, in GiB; that of an instance may be larger."
  default     = 8

  validation {
    condition     = var.volume_gb >= 8 && var.volume_gb <= 64
    error_message = "The volume_gb must be from 8 to 64."
  }
}

variable "kms_key_id" {
  type        = string
  description = "ARN of a customer managed key to encrypt the image with, which the accounts may use. Empty: not encrypted."
  default     = ""

  validation {
    condition     = var.kms_key_id == "" || regex_replace(var.kms_key_id, "^arn:aws[a-z-]*:kms:.+$", "") == ""
    error_message = "The kms_key_id must be the ARN of a key: AWS shares no image that is encrypted with an account's default key."
  }
}

variable "subnet_id" {
  type        = string
  description = "Subnet of the instance that the image is built on. Empty: one of the default VPC."
  default     = ""
}

variable "reached_from" {
  type        = list(string)
  description = "Address ranges from which the instance may be reached by ssh while the image is built."
  default     = ["10.0.0.0/8"]

  validation {
    condition     = length([for range in var.reached_from : range if range == "0.0.0.0/0"]) == 0
    error_message = "The ranges in reached_from must not hold the whole internet."
  }
}

# How the instance is reached. Where nothing is given: at its own address, with a key pair made for this one build.
variable "ssh_username" {
  type        = string
  description = "Who to be on the instance."
  default     = "admin"
}

variable "ssh_host" {
  type        = string
  description = "Where to reach the instance, if not at its own address."
  default     = ""
}

variable "ssh_port" {
  type        = number
  description = "Port of its sshd."
  default     = 22
}

variable "ssh_private_key_file" {
  type        = string
  description = "File with a private key that the source lets in. Empty: a key pair is made, and deleted again."
  default     = ""
}

variable "ssh_timeout" {
  type        = string
  description = "How long to wait for its sshd."
  default     = "10m"
}

variable "ec2_endpoint" {
  type        = string
  description = "Where EC2's API is, if not at AWS's own address."
  default     = ""
}

locals {
  tags = merge(var.tags, { Name = var.name })
}

source "amazon-ebs" "image" {
  ami_name        = var.name
  ami_description = "FlowMart's application on its hardened base"
  region          = var.region
  instance_type   = var.instance_type
  subnet_id       = var.subnet_id
  source_ami      = var.source_ami

  custom_endpoint_ec2    = var.ec2_endpoint
  skip_region_validation = var.ec2_endpoint != ""

  # Who may use it: the image, and the snapshot that it is started from.
  ami_users      = var.accounts
  snapshot_users = var.accounts

  encrypt_boot = var.kms_key_id == "" ? null : true
  kms_key_id   = var.kms_key_id

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = var.volume_gb
    iops                  = 3000
    throughput            = 125
    delete_on_termination = true
  }

  tags            = local.tags
  snapshot_tags   = local.tags
  run_tags        = local.tags
  run_volume_tags = local.tags

  communicator                          = "ssh"
  ssh_username                          = var.ssh_username
  ssh_host                              = var.ssh_host
  ssh_port                              = var.ssh_port
  ssh_private_key_file                  = var.ssh_private_key_file
  ssh_timeout                           = var.ssh_timeout
  temporary_security_group_source_cidrs = var.reached_from
}

build {
  sources = ["source.amazon-ebs.image"]

  provisioner "ansible" {
    playbook_file = "${path.root}/../../ansible/application.yml"
    user          = var.ssh_username
    use_proxy     = false

    # The instance lives for minutes and nobody knows its host key.
    ansible_env_vars = [
      "ANSIBLE_CONFIG=${path.root}/../../ansible/ansible.cfg",
      "ANSIBLE_HOST_KEY_CHECKING=False",
      "ANSIBLE_NOCOLOR=1",
      "ANSIBLE_SSH_ARGS=-o IdentitiesOnly=yes -o UserKnownHostsFile=/dev/null -o ControlMaster=auto -o ControlPersist=15s",
    ]
  }

  post-processor "manifest" {
    output     = "${path.root}/manifest.json"
    strip_path = true
    custom_data = {
      source_ami = "${build.SourceAMI}"
    }
  }
}
