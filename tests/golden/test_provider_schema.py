"""All HCL of the project is HCL that the real hashicorp/aws accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.sandbox.aws_provider.schema import catalog
from tests.golden.provider_schema import check, read

TERRAFORM = Path(__file__).resolve().parents[2] / "infrastructure" / "terraform"


def files() -> list[Path]:
    return sorted(file for file in TERRAFORM.rglob("*.tf") if ".terraform" not in file.parts)


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(TERRAFORM)))
def test_the_real_provider_accepts(file: Path) -> None:
    assert check(file.read_text(), str(file.relative_to(TERRAFORM))) == []


def test_there_is_hcl_to_check() -> None:
    resources = [block for file in files() for block in read(file.read_text()) if block.kind == "resource"]
    assert len(resources) > 30


def test_the_schema_says_where_it_is_from() -> None:
    assert "hashicorp/aws 6.62.0" in catalog().source


# --- the checker itself: a mistake of each sort, and what it says ------------------------------------------------

MISTAKES = {
    "a type that does not exist": (
        """
        resource "aws_vpn_of_mine" "this" {
        }
        """,
        "main.tf:2: aws_vpn_of_mine.this: there is no aws_vpn_of_mine in the provider's schema",
    ),
    "a data source that does not exist": (
        """
        data "aws_moon_phase" "now" {
        }
        """,
        "main.tf:2: data.aws_moon_phase.now: there is no data.aws_moon_phase in the provider's schema",
    ),
    "an unknown argument": (
        """
        resource "aws_vpc" "this" {
          tags = {}
          cidr = "10.0.0.0/16"
        }
        """,
        "main.tf:4: aws_vpc.this: unknown argument cidr",
    ),
    "an unknown argument in a block": (
        """
        resource "aws_lb_target_group" "this" {
          health_check {
            url = "/"
          }
        }
        """,
        "main.tf:4: aws_lb_target_group.this.health_check: unknown argument url",
    ),
    "an argument that Terraform has for resources only": (
        """
        resource "aws_lb_target_group" "this" {
          health_check {
            count = 1
          }
        }
        """,
        "main.tf:4: aws_lb_target_group.this.health_check: unknown argument count",
    ),
    "an unknown block": (
        """
        resource "aws_vpc" "this" {
          ingress {
          }
        }
        """,
        "main.tf:3: aws_vpc.this: unknown block ingress",
    ),
    "an unknown dynamic block": (
        """
        resource "aws_vpc" "this" {
          dynamic "ingress" {
            for_each = [1]
            content {
            }
          }
        }
        """,
        "main.tf:5: aws_vpc.this: unknown block ingress",
    ),
    "a missing required argument": (
        """
        resource "aws_subnet" "this" {
          cidr_block = "10.0.0.0/24"
        }
        """,
        "main.tf:2: aws_subnet.this: missing required argument vpc_id",
    ),
    "a missing required argument in a dynamic block": (
        """
        resource "aws_dynamodb_table" "this" {
          name = "carts"
          dynamic "attribute" {
            for_each = ["a"]
            content {
              name = attribute.value
            }
          }
        }
        """,
        "main.tf:6: aws_dynamodb_table.this.attribute: missing required argument type",
    ),
    "a missing required block": (
        """
        resource "aws_s3_bucket_versioning" "this" {
          bucket = "shop"
        }
        """,
        "main.tf:2: aws_s3_bucket_versioning.this: missing required block versioning_configuration",
    ),
    "too many of a block": (
        """
        resource "aws_lb_target_group" "this" {
          health_check {
            path = "/a"
          }
          health_check {
            path = "/b"
          }
        }
        """,
        "main.tf:6: aws_lb_target_group.this: no more than 1 block health_check",
    ),
    "an unknown argument of the provider": (
        """
        provider "aws" {
          regin = "eu-west-1"
        }
        """,
        "main.tf:3: provider.aws: unknown argument regin",
    ),
    "an unknown argument of a data source": (
        """
        data "aws_availability_zones" "all" {
          only = "mine"
        }
        """,
        "main.tf:3: data.aws_availability_zones.all: unknown argument only",
    ),
}


@pytest.mark.parametrize(("text", "finding"), MISTAKES.values(), ids=MISTAKES)
def test_the_check_finds(text: str, finding: str) -> None:
    assert check(text, "main.tf") == [finding]


GOOD = {
    "what Terraform adds": """
        resource "aws_vpc" "this" {
          count    = 1
          provider = aws.other
          lifecycle {
            ignore_changes = [tags]
          }
        }
        provider "aws" {
          alias = "other"
        }
        """,
    "other providers": """
        resource "terraform_data" "this" {
          input = 1
        }
        """,
    "blocks written as a list": """
        resource "aws_security_group" "this" {
          ingress = []
        }
        """,
    "a required block that is dynamic": """
        resource "aws_s3_bucket_versioning" "this" {
          bucket = "shop"
          dynamic "versioning_configuration" {
            for_each = [1]
            content {
              status = "Enabled"
            }
          }
        }
        """,
    "one of two dynamic blocks": """
        resource "aws_lb_target_group" "this" {
          dynamic "health_check" {
            for_each = var.a ? [1] : []
            content {
              path = "/a"
            }
          }
          dynamic "health_check" {
            for_each = var.a ? [] : [1]
            content {
              path = "/b"
            }
          }
        }
        """,
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_the_check_lets_pass(text: str) -> None:
    assert check(text, "main.tf") == []
