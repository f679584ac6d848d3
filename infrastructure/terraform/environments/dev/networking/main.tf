module "networking" {
  source = "../../../modules/networking"

  name               = "flowmart-dev"
  cidr_block         = "10.10.0.0/16"
  availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  nat_gateways       = "single"
  application_port   = 8080
  bastion_image_id   = "ami-12c6146b"

  flow_log_retention_days = 7
}
