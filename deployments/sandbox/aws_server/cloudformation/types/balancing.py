"""Load balancers, listeners and target groups."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_TAGS = Call("add_tags", {"ResourceArns": ["{id}"], "Tags": "{tags}"})

TYPES = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ServiceKind(
        service="elbv2",
        making=Call("create_load_balancer", found="LoadBalancers[0]"),
        id="LoadBalancerArn",
        reading=Call("describe_load_balancers", {"LoadBalancerArns": ["{id}"]}, found="LoadBalancers[0]"),
        changing=(
            Call(
                "modify_load_balancer_attributes",
                {"LoadBalancerArn": "{id}", "Attributes": "{LoadBalancerAttributes}"},
                of=("LoadBalancerAttributes",),
            ),
            Call("set_security_groups", {"LoadBalancerArn": "{id}"}),
            Call("set_subnets", {"LoadBalancerArn": "{id}"}, of=("Subnets", "SubnetMappings")),
            Call("set_ip_address_type", {"LoadBalancerArn": "{id}"}),
        ),
        dropping=Call("delete_load_balancer", {"LoadBalancerArn": "{id}"}),
        gives={
            "LoadBalancerArn": "LoadBalancerArn",
            "DNSName": "DNSName",
            "CanonicalHostedZoneID": "CanonicalHostedZoneId",
            "LoadBalancerName": "LoadBalancerName",
            "LoadBalancerFullName": "{id:tail}",
            "SecurityGroups": "SecurityGroups",
        },
        named=("Name", 32),
        tagging=_TAGS,
        unset={"LoadBalancerAttributes": []},
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ServiceKind(
        service="elbv2",
        making=Call("create_target_group", found="TargetGroups[0]"),
        id="TargetGroupArn",
        reading=Call("describe_target_groups", {"TargetGroupArns": ["{id}"]}, found="TargetGroups[0]"),
        changing=(
            Call("modify_target_group", {"TargetGroupArn": "{id}"}),
            Call(
                "modify_target_group_attributes",
                {"TargetGroupArn": "{id}", "Attributes": "{TargetGroupAttributes}"},
                of=("TargetGroupAttributes",),
            ),
            Call("register_targets", {"TargetGroupArn": "{id}"}),
        ),
        dropping=Call("delete_target_group", {"TargetGroupArn": "{id}"}),
        gives={
            "TargetGroupArn": "TargetGroupArn",
            "TargetGroupName": "TargetGroupName",
            "TargetGroupFullName": "{id:last}",
            "LoadBalancerArns": "LoadBalancerArns",
        },
        named=("Name", 32),
        tagging=_TAGS,
        unset={"TargetGroupAttributes": []},
    ),
    "AWS::ElasticLoadBalancingV2::Listener": ServiceKind(
        service="elbv2",
        making=Call("create_listener", found="Listeners[0]"),
        id="ListenerArn",
        reading=Call("describe_listeners", {"ListenerArns": ["{id}"]}, found="Listeners[0]"),
        changing=(Call("modify_listener", {"ListenerArn": "{id}"}),),
        dropping=Call("delete_listener", {"ListenerArn": "{id}"}),
        gives={"ListenerArn": "ListenerArn"},
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ServiceKind(
        service="elbv2",
        making=Call("create_rule", found="Rules[0]"),
        id="RuleArn",
        reading=Call("describe_rules", {"RuleArns": ["{id}"]}, found="Rules[0]"),
        changing=(
            Call("modify_rule", {"RuleArn": "{id}"}),
            Call(
                "set_rule_priorities",
                {"RulePriorities": [{"RuleArn": "{id}", "Priority": "{Priority}"}]},
                of=("Priority",),
            ),
        ),
        dropping=Call("delete_rule", {"RuleArn": "{id}"}),
        gives={"RuleArn": "RuleArn", "IsDefault": "IsDefault"},
    ),
    "AWS::ElasticLoadBalancing::LoadBalancer": ServiceKind(
        service="elb",
        making=Call("create_load_balancer"),
        id="{LoadBalancerName}",
        reading=Call("describe_load_balancers", {"LoadBalancerNames": ["{id}"]}, found="LoadBalancerDescriptions[0]"),
        changing=(
            Call("configure_health_check", {"LoadBalancerName": "{id}"}),
            Call("register_instances_with_load_balancer", {"LoadBalancerName": "{id}"}),
            Call(
                "modify_load_balancer_attributes",
                {"LoadBalancerName": "{id}", "LoadBalancerAttributes": {}},
                of=(),
                when={
                    "CrossZone": {"LoadBalancerAttributes": {"CrossZoneLoadBalancing": {"Enabled": "{CrossZone}"}}},
                    "ConnectionDrainingPolicy": {
                        "LoadBalancerAttributes": {"ConnectionDraining": "{ConnectionDrainingPolicy}"}
                    },
                    "AccessLoggingPolicy": {"LoadBalancerAttributes": {"AccessLog": "{AccessLoggingPolicy}"}},
                    "ConnectionSettings": {"LoadBalancerAttributes": {"ConnectionSettings": "{ConnectionSettings}"}},
                },
            ),
        ),
        dropping=Call("delete_load_balancer", {"LoadBalancerName": "{id}"}),
        gives={
            "DNSName": "DNSName",
            "CanonicalHostedZoneName": "DNSName",
            "CanonicalHostedZoneNameID": "CanonicalHostedZoneNameID",
            "SourceSecurityGroup.GroupName": "SourceSecurityGroup.GroupName",
            "SourceSecurityGroup.OwnerAlias": "SourceSecurityGroup.OwnerAlias",
        },
        named=("LoadBalancerName", 32),
        tagging=Call("add_tags", {"LoadBalancerNames": ["{id}"], "Tags": "{tags}"}),
        unset={"CrossZone": False},
    ),
}
