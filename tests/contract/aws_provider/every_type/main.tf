# Every type that the stand-in emulates. `step` 2 changes what can be changed in place, `step` 3 what cannot.

terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "step" {
  type    = number
  default = 1
}

variable "account" {
  type = string
}

locals {
  second = var.step >= 2
  third  = var.step >= 3
  word   = local.second ? "second" : "first"
}

provider "aws" {
  allowed_account_ids = [var.account]

  default_tags {
    tags = {
      Project     = "flowmart"
      Environment = "test"
      Word        = local.word
    }
  }
}

data "aws_caller_identity" "me" {}

data "aws_region" "here" {}

data "aws_partition" "here" {}

data "aws_availability_zones" "all" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:${data.aws_partition.here.partition}:s3:::${aws_s3_bucket.this.bucket}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.me.account_id]
    }
  }
}
