resource "aws_iam_role" "this" {
  name        = "this"
  description = local.word

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Principal = { Service = local.second ? ["ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com"] : ["ec2.amazonaws.com"] }
    }]
  })
  max_session_duration = local.second ? 7200 : 3600
}

resource "aws_iam_role_policy" "this" {
  name   = local.third ? "read-more" : "read"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "this" {
  name = "this"
  role = aws_iam_role.this.name
}

resource "aws_iam_openid_connect_provider" "this" {
  url             = "https://token.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = [local.second ? "990f4193972f2becf12ddeda5237f9c952f20d9e" : "6938fd4d98bab03faadb97b34396831e3780aea1"]
}

resource "aws_kms_key" "this" {
  description             = local.word
  enable_key_rotation     = local.second
  deletion_window_in_days = 7
}

resource "aws_kms_key" "with_policy" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = local.word
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "this" {
  name          = local.third ? "alias/that" : "alias/this"
  target_key_id = local.second ? aws_kms_key.with_policy.arn : aws_kms_key.this.key_id
}

resource "aws_iam_policy" "this" {
  name_prefix = "this-"
  description = "what the role may read"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = local.second ? ["s3:Get*", "s3:List*"] : ["s3:Get*"], Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.this.name
  policy_arn = aws_iam_policy.this.arn
}
