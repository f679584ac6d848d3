mock_provider "aws" {
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }

  mock_resource "aws_route53_zone" {
    defaults = { zone_id = "Z0123456789ABCDEFGHIJ" }
  }
}

variables {
  account_id        = "123456789012"
  environments      = { shared = "123456789012", staging = "210987654321" }
  github_repository = "owner/repository"
  domain            = "shop.example"
  repositories      = ["storefront", "checkout"]
  records = {
    root   = { name = "", type = "TXT", values = ["v=spf1 -all"] }
    status = { name = "status", type = "CNAME", ttl = 60, values = ["status.example"] }
  }
}

run "every_bucket_is_versioned_encrypted_and_closed" {
  assert {
    condition = output.buckets == {
      artifacts = "flowmart-artifacts-123456789012"
      logs      = "flowmart-logs-123456789012"
      store     = "flowmart-store-123456789012"
    }
    error_message = "the buckets must be these"
  }

  assert {
    condition     = toset([for versioning in aws_s3_bucket_versioning.this : versioning.bucket if versioning.versioning_configuration[0].status == "Enabled"]) == toset(values(output.buckets))
    error_message = "every bucket must be versioned"
  }

  assert {
    condition = toset([
      for encryption in aws_s3_bucket_server_side_encryption_configuration.this : encryption.bucket
      if one(encryption.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ]) == toset(values(output.buckets))
    error_message = "every bucket must be encrypted"
  }

  assert {
    condition = toset([
      for block in aws_s3_bucket_public_access_block.this : block.bucket
      if block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ]) == toset(values(output.buckets))
    error_message = "every bucket must be closed to the public"
  }

  assert {
    condition = toset([
      for policy in aws_s3_bucket_policy.this : policy.bucket
      if anytrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
      ])
    ]) == toset(values(output.buckets))
    error_message = "every bucket must refuse connections without TLS"
  }
}

run "logs_expire_and_the_ledger_does_not" {
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this["logs"].rule : rule.expiration[0].days if rule.id == "expiry"]) == 365
    error_message = "access logs must expire"
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["store"].rule : rule.id] == ["old-versions"]
    error_message = "nothing may expire in the store but old versions"
  }
}

run "only_the_named_accounts_are_let_in" {
  assert {
    condition = flatten([
      for statement in jsondecode(aws_s3_bucket_policy.this["logs"].policy).Statement : statement.Resource
      if statement.Effect == "Allow"
      ]) == [
      "arn:aws:s3:::flowmart-logs-123456789012/*/AWSLogs/123456789012/*",
      "arn:aws:s3:::flowmart-logs-123456789012/*/AWSLogs/210987654321/*",
    ]
    error_message = "load balancers of the environments' accounts may write logs, and nobody else"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this["store"].policy).Statement : statement.Effect == "Deny"])
    error_message = "the store must not be opened to anybody outside their account"
  }
}

run "a_role_becomes_its_own_environments_roles_and_no_other" {
  assert {
    condition     = toset([for role in aws_iam_role.github : role.name]) == toset(["flowmart-shared-plan", "flowmart-shared-apply", "flowmart-staging-plan", "flowmart-staging-apply"])
    error_message = "there must be two roles for every environment"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.github["staging-plan"].policy).Statement : statement.Resource
      if statement.Action == "sts:AssumeRole"
    ] == [["arn:aws:iam::210987654321:role/flowmart-plan"]]
    error_message = "who plans must only become the role that reads, in one account"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.github["staging-apply"].policy).Statement : statement.Resource
      if statement.Action == "sts:AssumeRole"
    ] == [["arn:aws:iam::210987654321:role/flowmart-plan", "arn:aws:iam::210987654321:role/flowmart-apply"]]
    error_message = "who applies plans first: it must become both roles of one account"
  }
}

run "pull_requests_may_plan_and_never_apply" {
  assert {
    condition = toset(jsondecode(aws_iam_role.github["staging-plan"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]) == toset([
      "repo:owner/repository:environment:staging", "repo:owner/repository:pull_request", "repo:owner/repository:ref:refs/heads/main",
    ])
    error_message = "plans must be possible from the environment, from pull requests and by schedule"
  }

  assert {
    condition = toset(jsondecode(aws_iam_role.github["staging-apply"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]) == toset([
      "repo:owner/repository:environment:staging",
    ])
    error_message = "only jobs in the GitHub environment may apply"
  }
}

run "who_plans_cannot_write_the_ledger_and_nobody_deletes_from_it" {
  assert {
    condition     = !strcontains(aws_iam_role_policy.github["staging-plan"].policy, "s3:PutObject") && strcontains(aws_iam_role_policy.github["staging-apply"].policy, "s3:PutObject")
    error_message = "only the applying role may write to the store"
  }

  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.github : !strcontains(policy.policy, "Delete") && !strcontains(policy.policy, "s3:*")])
    error_message = "no role may delete from the store"
  }
}

run "images_cannot_be_overwritten_and_are_scanned" {
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push])
    error_message = "a tag must always mean the same image, and every image must be scanned"
  }

  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : alltrue([for rule in jsondecode(policy.policy).rules : rule.selection.tagStatus == "untagged"])])
    error_message = "tagged images must not expire: a rollback needs them"
  }
}

run "records_are_below_the_domain" {
  assert {
    condition     = toset([for record in aws_route53_record.this : "${record.name} ${record.type} ${record.ttl}"]) == toset(["shop.example TXT 300", "status.shop.example CNAME 60"])
    error_message = "records must be made in the zone, by their full names"
  }
}

run "a_wildcard_repository_is_refused" {
  command = plan

  variables {
    github_repository = "owner/*"
  }

  expect_failures = [var.github_repository]
}

run "an_account_that_is_none_is_refused" {
  command = plan

  variables {
    environments = { staging = "2109" }
  }

  expect_failures = [var.environments]
}

run "a_cname_on_the_domain_itself_is_refused" {
  command = plan

  variables {
    records = { root = { name = "", type = "CNAME", values = ["elsewhere.example"] } }
  }

  expect_failures = [var.records]
}

run "access_logs_for_a_week_are_refused" {
  command = plan

  variables {
    log_retention_days = 7
  }

  expect_failures = [var.log_retention_days]
}
