output "zone_id" {
  description = "ID of the public DNS zone."
  value       = aws_route53_zone.this.zone_id
}

output "name_servers" {
  description = "Name servers of the zone: what the domain's registrar has to be told."
  value       = aws_route53_zone.this.name_servers
}

output "buckets" {
  description = "Bucket names by purpose: artifacts, logs and store."
  value       = { for purpose, bucket in aws_s3_bucket.this : purpose => bucket.bucket }
}

output "repository_urls" {
  description = "Addresses of the container image repositories by name."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "github_role_arns" {
  description = "ARNs of the roles that GitHub workflows assume, by <environment>-plan and <environment>-apply."
  value       = { for name, role in aws_iam_role.github : name => role.arn }
}
