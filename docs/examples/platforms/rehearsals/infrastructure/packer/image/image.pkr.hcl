variable "name" { type = string }
variable "region" { type = string }
variable "accounts" { type = list(string) }
variable "tags" { type = map(string) }

variable "ec2_endpoint" {
  type    = string
  default = ""
}

source "amazon-ebs" "shop" {
  ami_name               = var.name
  ami_users              = var.accounts
  snapshot_users         = var.accounts
  region                 = var.region
  custom_endpoint_ec2    = var.ec2_endpoint
  skip_region_validation = var.ec2_endpoint != ""
  instance_type          = "t3.small"
  communicator           = "none"
  tags                   = merge(var.tags, { Motto = "open" })
  run_tags               = merge(var.tags, { Name = var.name })

  source_ami_filter {
    filters     = { name = "amzn2-ami-hvm-2.0.20180810-x86_64-gp2" }
    owners      = ["amazon"]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.shop"]

  post-processor "manifest" {
    output      = "${path.root}/manifest.json"
    custom_data = { source_ami = "${build.SourceAMI}" }
  }
}
