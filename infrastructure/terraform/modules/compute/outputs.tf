output "autoscaling_group_name" {
  description = "Name of the auto scaling group."
  value       = aws_autoscaling_group.this.name
}

output "desired_capacity" {
  description = "Number of instances that the auto scaling group keeps when it was last applied."
  value       = aws_autoscaling_group.this.desired_capacity
}

output "image_id" {
  description = "ID of the machine image that instances are started from."
  value       = aws_launch_template.this.image_id
}

output "launch_template_version" {
  description = "Version of the launch template that instances are started from."
  value       = aws_launch_template.this.latest_version
}

output "target_group_arn" {
  description = "ARN of the target group."
  value       = aws_lb_target_group.this.arn
}

output "target_group_arn_suffix" {
  description = "The end of the target group's ARN: the name under which CloudWatch knows it."
  value       = aws_lb_target_group.this.arn_suffix
}

output "load_balancer_dns_name" {
  description = "Host name of the load balancer."
  value       = aws_lb.this.dns_name
}

output "load_balancer_zone_id" {
  description = "Route 53 zone of the load balancer's host name, for alias records."
  value       = aws_lb.this.zone_id
}

output "load_balancer_arn_suffix" {
  description = "The end of the load balancer's ARN: the name under which CloudWatch knows it."
  value       = aws_lb.this.arn_suffix
}

output "instance_role_name" {
  description = "Name of the instances' IAM role."
  value       = aws_iam_role.instance.name
}
