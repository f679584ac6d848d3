output "vpc_id" {
  description = "ID of the VPC."
  value       = module.networking.vpc_id
}

output "vpc_cidr_block" {
  description = "IPv4 range of the VPC."
  value       = module.networking.vpc_cidr_block
}

output "public_subnet_ids" {
  description = "IDs of the public subnets, in the order of the zones."
  value       = module.networking.public_subnet_ids
}

output "private_subnet_ids" {
  description = "IDs of the private subnets, in the order of the zones."
  value       = module.networking.private_subnet_ids
}

output "database_subnet_ids" {
  description = "IDs of the database subnets, in the order of the zones."
  value       = module.networking.database_subnet_ids
}

output "nat_public_ips" {
  description = "Addresses from which the application reaches the internet; partners put them on their allow lists."
  value       = module.networking.nat_public_ips
}

output "load_balancer_security_group_id" {
  description = "ID of the load balancer's security group."
  value       = module.networking.load_balancer_security_group_id
}

output "application_security_group_id" {
  description = "ID of the application instances' security group."
  value       = module.networking.application_security_group_id
}

output "database_security_group_id" {
  description = "ID of the database's security group."
  value       = module.networking.database_security_group_id
}

output "application_port" {
  description = "TCP port that the security groups open between load balancer and application."
  value       = module.networking.application_port
}

output "bastion_instance_id" {
  description = "ID of the bastion, by which Session Manager reaches it; null without one."
  value       = module.networking.bastion_instance_id
}

output "bastion_address" {
  description = "Private address of the bastion; null without one."
  value       = module.networking.bastion_address
}
