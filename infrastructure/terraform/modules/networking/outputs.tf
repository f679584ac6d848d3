output "vpc_id" {
  description = "ID of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr_block" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "IDs of the public subnets, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "IDs of the private subnets, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
}

output "database_subnet_ids" {
  description = "IDs of the database subnets, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.database[zone].id]
}

output "nat_public_ips" {
  description = "Addresses from which the application reaches the internet; partners put them on their allow lists."
  value       = [for zone in local.nat_zones : aws_eip.nat[zone].public_ip]
}

output "load_balancer_security_group_id" {
  description = "ID of the load balancer's security group."
  value       = aws_security_group.load_balancer.id
}

output "application_security_group_id" {
  description = "ID of the application instances' security group."
  value       = aws_security_group.application.id
}

output "database_security_group_id" {
  description = "ID of the database's security group."
  value       = aws_security_group.database.id
}

output "application_port" {
  description = "TCP port that the security groups open between load balancer and application."
  value       = var.application_port
}

output "bastion_instance_id" {
  description = "ID of the bastion, by which Session Manager reaches it; null without one."
  value       = one([for bastion in aws_instance.bastion : bastion.id])
}

output "bastion_address" {
  description = "Private address of the bastion; null without one."
  value       = one([for bastion in aws_instance.bastion : bastion.private_ip])
}
