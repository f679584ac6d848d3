"""What roles have used: each action of a role once, whatever its session; nobody else's."""

from __future__ import annotations

from pathlib import Path

from deployments.sandbox.aws_server.usage import Usage


def test_each_action_of_a_role_is_noted_once(tmp_path: Path) -> None:
    usage = Usage(tmp_path / "used")
    for session in ("run-1", "run-2"):
        usage.note(f"arn:aws:sts::222222222222:assumed-role/shop-plan/{session}", "ec2:DescribeVpcs")
    usage.note("arn:aws:sts::222222222222:assumed-role/shop-apply/run-1", "ec2:DescribeVpcs")
    usage.note("arn:aws:iam::111111111111:user/operator", "sts:AssumeRole")
    usage.note("arn:aws:iam::111111111111:root", "s3:PutObject")
    assert (tmp_path / "used").read_text() == "shop-plan ec2:DescribeVpcs\nshop-apply ec2:DescribeVpcs\n"
