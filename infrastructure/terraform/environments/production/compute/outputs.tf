output "autoscaling_group_name" {
  description = "Name of the auto scaling group."
  value       = module.compute.autoscaling_group_name
}

output "desired_capacity" {
  description = "Number of instances that the auto scaling group keeps when it was last applied."
  value       = module.compute.desired_capacity
}

output "image_id" {
  description = "ID of the machine image that instances are started from."
  value       = module.compute.image_id
}

output "launch_template_version" {
  description = "Version of the launch template that instances are started from."
  value       = module.compute.launch_template_version
}

output "target_group_arn" {
  description = "ARN of the target group."
  value       = module.compute.target_group_arn
}

output "target_group_arn_suffix" {
  description = "The end of the target group's ARN: the name under which CloudWatch knows it."
  value       = module.compute.target_group_arn_suffix
}

output "load_balancer_dns_name" {
  description = "Host name of the load balancer."
  value       = module.compute.load_balancer_dns_name
}

output "load_balancer_zone_id" {
  description = "Route 53 zone of the load balancer's host name, for alias records."
  value       = module.compute.load_balancer_zone_id
}

output "load_balancer_arn_suffix" {
  description = "The end of the load balancer's ARN: the name under which CloudWatch knows it."
  value       = module.compute.load_balancer_arn_suffix
}

output "instance_role_name" {
  description = "Name of the instances' IAM role."
  value       = module.compute.instance_role_name
}
