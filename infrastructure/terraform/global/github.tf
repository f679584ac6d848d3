locals {
  github = "token.actions.githubusercontent.com"

  # Per environment one role that may only become `flowmart-plan` there, and one for `flowmart-apply`. A promotion plans
  # before it applies, with the role that only reads: who may apply may become that one too.
  github_roles = {
    for pair in setproduct(keys(var.environments), ["plan", "apply"]) : "${pair[0]}-${pair[1]}" => {
      environment = pair[0]
      account     = var.environments[pair[0]]
      verb        = pair[1]
      becomes     = pair[1] == "apply" ? ["plan", "apply"] : ["plan"]
    }
  }

  # A pull request may read, so that its plan can be reviewed, and so may the schedule, which runs on the default branch.
  # Only a job in the GitHub environment may write.
  github_subjects = {
    for name, role in local.github_roles : name => concat(
      ["repo:${var.github_repository}:environment:${role.environment}"],
      role.verb == "plan" ? ["repo:${var.github_repository}:pull_request", "repo:${var.github_repository}:ref:refs/heads/main"] : [],
    )
  }

  # Who plans reads the ledger, who applies adds to it. Nobody deletes from it.
  store_object_actions = {
    plan  = ["s3:GetObject"]
    apply = ["s3:GetObject", "s3:PutObject"]
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  for_each = local.github_roles

  name        = "flowmart-${each.key}"
  description = "GitHub workflows that ${each.value.verb} in ${each.value.environment}"

  # A promotion takes as long as what it makes: a database up to forty minutes, in a release with more than that.
  max_session_duration = each.value.verb == "apply" ? 10800 : 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = {
        StringEquals = {
          "${local.github}:aud" = "sts.amazonaws.com"
          "${local.github}:sub" = local.github_subjects[each.key]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "github" {
  for_each = local.github_roles

  name = "reach-${each.value.environment}"
  role = aws_iam_role.github[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "BecomeTheRolesInTheAccount"
        Effect   = "Allow"
        Action   = "sts:AssumeRole"
        Resource = [for verb in each.value.becomes : "arn:aws:iam::${each.value.account}:role/flowmart-${verb}"]
      },
      {
        Sid      = "ListStore"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:aws:s3:::${aws_s3_bucket.this["store"].bucket}"
      },
      {
        Sid      = "UseStore"
        Effect   = "Allow"
        Action   = local.store_object_actions[each.value.verb]
        Resource = "arn:aws:s3:::${aws_s3_bucket.this["store"].bucket}/*"
      },
    ]
  })
}
