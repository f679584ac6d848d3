"""Functions, streams, logs and other resources of serverless applications."""

from __future__ import annotations

import io
import zipfile

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind


class Function(ServiceKind):
    """AWS::Lambda::Function, whose code may be part of the template."""

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties with the code as a zip archive."""
        if "ZipFile" not in p["Code"]:
            return p
        suffix = "js" if str(p.get("Runtime", "")).startswith("nodejs") else "py"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            # ZipInfo has a fixed date, so the same code always gives the same archive.
            files.writestr(zipfile.ZipInfo(f"index.{suffix}"), str(p["Code"]["ZipFile"]))
        return {**p, "Code": {"ZipFile": archive.getvalue()}}


TYPES = {
    "AWS::Lambda::Function": Function(
        service="lambda",
        making=Call("create_function"),
        id="FunctionName",
        reading=Call("get_function", {"FunctionName": "{id}"}, found="Configuration"),
        changing=(
            Call("update_function_code", {"FunctionName": "{id}"}, of=(), when={"Code": "{Code}"}),
            Call("update_function_configuration", {"FunctionName": "{id}"}),
        ),
        dropping=Call("delete_function", {"FunctionName": "{id}"}),
        gives={"Arn": "FunctionArn"},
        named=("FunctionName", 64),
        tagging=Call("tag_resource", {"Resource": "{FunctionArn}", "Tags": "{tags}"}),
        unset={"Environment": {}, "Timeout": 3, "MemorySize": 128, "Description": ""},
    ),
    "AWS::Lambda::LayerVersion": ServiceKind(
        service="lambda",
        making=Call("publish_layer_version"),
        id="LayerVersionArn",
        reading=Call("get_layer_version", {"LayerName": "{LayerName}", "VersionNumber": "{Version}"}),
        dropping=Call("delete_layer_version", {"LayerName": "{LayerName}", "VersionNumber": "{Version}"}),
        gives={"LayerVersionArn": "LayerVersionArn"},
        named=("LayerName", 140),
    ),
    "AWS::Lambda::Url": ServiceKind(
        service="lambda",
        making=Call("create_function_url_config"),
        id="FunctionArn",
        reading=Call("get_function_url_config", {"FunctionName": "{id}"}),
        changing=(Call("update_function_url_config", {"FunctionName": "{id}"}),),
        dropping=Call("delete_function_url_config", {"FunctionName": "{id}"}),
        gives={"FunctionArn": "FunctionArn", "FunctionUrl": "FunctionUrl"},
        names={"TargetFunctionArn": "FunctionName"},
    ),
    "AWS::Lambda::Version": ServiceKind(
        service="lambda",
        making=Call("publish_version"),
        id="FunctionArn",
        gives={"FunctionArn": "FunctionArn", "Version": "Version"},
    ),
    "AWS::Lambda::Alias": ServiceKind(
        service="lambda",
        making=Call("create_alias"),
        id="AliasArn",
        reading=Call("get_alias", {"FunctionName": "{FunctionName}", "Name": "{Name}"}),
        changing=(Call("update_alias", {"FunctionName": "{FunctionName}", "Name": "{Name}"}),),
        dropping=Call("delete_alias", {"FunctionName": "{FunctionName}", "Name": "{Name}"}),
        gives={"AliasArn": "AliasArn"},
    ),
    "AWS::Lambda::Permission": ServiceKind(
        service="lambda",
        making=Call("add_permission", {"StatementId": "{name}"}),
        id="{name}",
        dropping=Call("remove_permission", {"FunctionName": "{FunctionName}", "StatementId": "{id}"}),
        gives={"Id": "{name}"},
    ),
    "AWS::Lambda::EventSourceMapping": ServiceKind(
        service="lambda",
        making=Call("create_event_source_mapping"),
        id="UUID",
        reading=Call("get_event_source_mapping", {"UUID": "{id}"}),
        changing=(Call("update_event_source_mapping", {"UUID": "{id}"}),),
        dropping=Call("delete_event_source_mapping", {"UUID": "{id}"}),
        gives={"Id": "UUID", "EventSourceMappingArn": "EventSourceMappingArn"},
    ),
    "AWS::Logs::LogStream": ServiceKind(
        service="logs",
        making=Call("create_log_stream"),
        id="{LogStreamName}",
        reading=Call(
            "describe_log_streams",
            {"logGroupName": "{LogGroupName}", "logStreamNamePrefix": "{id}"},
            found="logStreams[?logStreamName=='{id}'] | [0]",
        ),
        dropping=Call("delete_log_stream", {"logGroupName": "{LogGroupName}", "logStreamName": "{id}"}),
        named=("LogStreamName", 512),
    ),
    "AWS::Logs::ResourcePolicy": ServiceKind(
        service="logs",
        making=Call("put_resource_policy"),
        id="{PolicyName}",
        reading=Call("describe_resource_policies", found="resourcePolicies[?policyName=='{id}'] | [0]"),
        changing=(Call("put_resource_policy", {"policyName": "{id}"}),),
        dropping=Call("delete_resource_policy", {"policyName": "{id}"}),
    ),
    "AWS::Logs::MetricFilter": ServiceKind(
        service="logs",
        making=Call("put_metric_filter"),
        id="{FilterName}",
        reading=Call(
            "describe_metric_filters",
            {"logGroupName": "{LogGroupName}", "filterNamePrefix": "{id}"},
            found="metricFilters[?filterName=='{id}'] | [0]",
        ),
        changing=(Call("put_metric_filter", {"logGroupName": "{LogGroupName}", "filterName": "{id}"}),),
        dropping=Call("delete_metric_filter", {"logGroupName": "{LogGroupName}", "filterName": "{id}"}),
        named=("FilterName", 512),
    ),
    "AWS::StepFunctions::StateMachine": ServiceKind(
        service="stepfunctions",
        making=Call("create_state_machine", {"definition": "{DefinitionString}"}),
        id="stateMachineArn",
        reading=Call("describe_state_machine", {"stateMachineArn": "{id}"}),
        changing=(
            Call(
                "update_state_machine",
                {"stateMachineArn": "{id}"},
                of=("RoleArn", "DefinitionString"),
                when={"DefinitionString": {"definition": "{DefinitionString}"}},
            ),
        ),
        dropping=Call("delete_state_machine", {"stateMachineArn": "{id}"}),
        gives={"Arn": "stateMachineArn", "Name": "name"},
        named=("StateMachineName", 80),
        names={"StateMachineName": "name", "StateMachineType": "type"},
    ),
    "AWS::Events::EventBusPolicy": ServiceKind(
        service="events",
        making=Call(
            "put_permission",
            {"EventBusName": "{EventBusName}", "StatementId": "{StatementId}"},
            of=("Action", "Principal"),
            when={"Statement": {"Policy": '{"Version": "2012-10-17", "Statement": [{Statement:json}]}'}},
        ),
        id="{EventBusName}|{StatementId}",
        dropping=Call("remove_permission", {"EventBusName": "{EventBusName}", "StatementId": "{StatementId}"}),
        defaults={"EventBusName": "default"},
    ),
    "AWS::KinesisFirehose::DeliveryStream": ServiceKind(
        service="firehose",
        making=Call("create_delivery_stream"),
        id="{DeliveryStreamName}",
        reading=Call("describe_delivery_stream", {"DeliveryStreamName": "{id}"}, found="DeliveryStreamDescription"),
        dropping=Call("delete_delivery_stream", {"DeliveryStreamName": "{id}"}),
        gives={"Arn": "DeliveryStreamARN"},
        named=("DeliveryStreamName", 64),
    ),
    "AWS::Kinesis::Stream": ServiceKind(
        service="kinesis",
        making=Call("create_stream"),
        id="{Name}",
        reading=Call("describe_stream_summary", {"StreamName": "{id}"}, found="StreamDescriptionSummary"),
        dropping=Call("delete_stream", {"StreamName": "{id}"}),
        gives={"Arn": "StreamARN"},
        named=("Name", 128),
        names={"Name": "StreamName"},
    ),
}
