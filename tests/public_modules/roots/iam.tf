module "policy" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-iam//modules/iam-policy?ref=v6.5.0"

  name = "public-modules"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "VersionVERSION", Effect = "Allow", Action = ["s3:GetObject"], Resource = "*" }]
  })
}

module "role" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-iam//modules/iam-role?ref=v6.5.0"

  name                    = "public-modules"
  use_name_prefix         = false
  create_instance_profile = true
  policies                = { assets = module.policy.arn }

  trust_policy_permissions = {
    machines = {
      actions    = ["sts:AssumeRole"]
      principals = [{ type = "Service", identifiers = ["ec2.amazonaws.com"] }]
    }
  }
}

output "id" {
  value = module.role.name
}

output "policy" {
  value = module.policy.arn
}
