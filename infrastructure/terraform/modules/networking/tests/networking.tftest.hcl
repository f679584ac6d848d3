mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/flowmart-test/flow-logs" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/flowmart-test-flow-logs" }
  }
}

variables {
  name               = "flowmart-test"
  cidr_block         = "10.10.0.0/16"
  availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  nat_gateways       = "single"
}

run "subnets_of_three_tiers_lie_in_every_zone_and_do_not_overlap" {
  assert {
    condition = alltrue([
      for tier in [aws_subnet.public, aws_subnet.private, aws_subnet.database] :
      toset([for subnet in tier : subnet.availability_zone]) == toset(var.availability_zones)
    ])
    error_message = "every tier must have one subnet in each zone"
  }

  assert {
    condition = toset([for subnet in concat(values(aws_subnet.public), values(aws_subnet.private), values(aws_subnet.database)) : subnet.cidr_block]) == toset([
      "10.10.0.0/24", "10.10.1.0/24", "10.10.2.0/24",
      "10.10.16.0/20", "10.10.32.0/20", "10.10.48.0/20",
      "10.10.240.0/24", "10.10.241.0/24", "10.10.242.0/24",
    ])
    error_message = "the subnets must be cut from the VPC's range as documented"
  }

  assert {
    condition     = output.private_subnet_ids == [for zone in var.availability_zones : aws_subnet.private[zone].id]
    error_message = "outputs must list subnets in the order of the zones"
  }
}

run "a_single_nat_gateway_serves_all_zones" {
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_eip.nat) == 1
    error_message = "single must make one NAT gateway with one address"
  }

  assert {
    condition     = toset([for association in aws_route_table_association.private : association.route_table_id]) == toset([aws_route_table.private["eu-west-1a"].id])
    error_message = "every private subnet must use the one route table that leads to the gateway"
  }

  assert {
    condition     = aws_route.private_internet["eu-west-1a"].nat_gateway_id == aws_nat_gateway.this["eu-west-1a"].id
    error_message = "the private route table must lead to the NAT gateway"
  }
}

run "per_zone_every_zone_has_its_own_nat_gateway" {
  variables {
    nat_gateways = "per_zone"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(output.nat_public_ips) == 3
    error_message = "per_zone must make three NAT gateways"
  }

  assert {
    condition = alltrue([
      for zone in var.availability_zones :
      aws_route.private_internet[zone].nat_gateway_id == aws_nat_gateway.this[zone].id
      && aws_nat_gateway.this[zone].subnet_id == aws_subnet.public[zone].id
      && aws_route_table_association.private[zone].route_table_id == aws_route_table.private[zone].id
    ])
    error_message = "traffic of a zone must leave through the gateway of the same zone"
  }
}

run "databases_have_no_way_out" {
  assert {
    condition = alltrue([
      for association in aws_route_table_association.database : association.route_table_id == aws_route_table.database.id
    ])
    error_message = "database subnets must use the database route table"
  }

  assert {
    condition = alltrue([
      for route in concat([aws_route.public_internet], values(aws_route.private_internet)) :
      route.route_table_id != aws_route_table.database.id
    ])
    error_message = "no route to the internet may be in the database route table"
  }
}

run "the_world_reaches_only_80_and_443_on_the_load_balancer" {
  assert {
    condition = toset(flatten([
      for group in [aws_security_group.load_balancer, aws_security_group.application, aws_security_group.database] : [
        for rule in group.ingress : "${group.name}:${rule.from_port}-${rule.to_port}"
        if contains(coalesce(rule.cidr_blocks, []), "0.0.0.0/0")
      ]
    ])) == toset(["flowmart-test-load-balancer:80-80", "flowmart-test-load-balancer:443-443"])
    error_message = "0.0.0.0/0 may enter at 80 and 443 of the load balancer, and nowhere else"
  }

  assert {
    condition     = alltrue([for rule in aws_security_group.application.ingress : toset(rule.security_groups) == toset([aws_security_group.load_balancer.id])])
    error_message = "only the load balancer may reach the application"
  }

  assert {
    condition     = alltrue([for rule in aws_security_group.database.ingress : toset(rule.security_groups) == toset([aws_security_group.application.id]) && rule.to_port == 5432])
    error_message = "only the application may reach the database, on 5432"
  }
}

run "the_application_port_is_opened_where_it_is_needed" {
  variables {
    application_port = 9000
  }

  assert {
    condition = alltrue([
      one(aws_security_group.application.ingress).from_port == 9000,
      one(aws_security_group.load_balancer.egress).from_port == 9000,
      output.application_port == 9000,
    ])
    error_message = "load balancer and application must agree on the port"
  }
}

run "all_traffic_is_logged_and_logs_expire" {
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_flow_log.this.log_destination == aws_cloudwatch_log_group.flow_logs.arn
    error_message = "the flow log must record accepted and rejected traffic into its log group"
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow_logs.retention_in_days == 30
    error_message = "flow logs must not be kept for ever"
  }

  assert {
    condition     = jsondecode(aws_iam_role.flow_logs.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "only flow logs of this account may use the role"
  }
}

run "a_small_range_is_refused" {
  command = plan

  variables {
    cidr_block = "10.10.0.0/24"
  }

  expect_failures = [var.cidr_block]
}

run "the_same_zone_twice_is_refused" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1a", "eu-west-1b"]
  }

  expect_failures = [var.availability_zones]
}

run "a_region_is_not_a_zone" {
  command = plan

  variables {
    availability_zones = ["eu-west-1", "eu-west-2", "eu-west-3"]
  }

  expect_failures = [var.availability_zones]
}

run "an_unknown_nat_mode_is_refused" {
  command = plan

  variables {
    nat_gateways = "none"
  }

  expect_failures = [var.nat_gateways]
}

run "a_privileged_port_is_refused" {
  command = plan

  variables {
    application_port = 80
  }

  expect_failures = [var.application_port]
}

run "a_retention_that_cloudwatch_lacks_is_refused" {
  command = plan

  variables {
    flow_log_retention_days = 31
  }

  expect_failures = [var.flow_log_retention_days]
}

run "a_name_that_aws_would_refuse_is_refused" {
  command = plan

  variables {
    name = "FlowMart_Test"
  }

  expect_failures = [var.name]
}

run "without_an_image_there_is_no_bastion" {
  assert {
    condition     = length(aws_instance.bastion) == 0 && output.bastion_address == null && length(aws_security_group.database.ingress) == 1
    error_message = "a network without a bastion's image must have none, and nothing that is open for one"
  }
}

run "nobody_connects_to_a_bastion_and_its_disk_and_metadata_are_closed" {
  variables {
    bastion_image_id = "ami-12c6146b"
  }

  assert {
    condition     = length(aws_security_group.bastion["bastion"].ingress) == 0
    error_message = "no port of the bastion may be open: Session Manager needs none"
  }

  assert {
    condition     = aws_instance.bastion["bastion"].metadata_options[0].http_tokens == "required" && aws_instance.bastion["bastion"].root_block_device[0].encrypted
    error_message = "the bastion must use IMDSv2 and an encrypted disk"
  }

  assert {
    condition     = aws_instance.bastion["bastion"].subnet_id == aws_subnet.private["eu-west-1a"].id && !aws_instance.bastion["bastion"].associate_public_ip_address
    error_message = "the bastion must be in a private subnet, without a public address"
  }
}
