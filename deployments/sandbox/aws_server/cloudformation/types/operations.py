"""Services that monitor and operate accounts: dashboards, documents, Config and directories."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind


def _directory(operation: str) -> ServiceKind:
    """Return the type of a directory, which the given operation creates."""
    return ServiceKind(
        service="ds",
        making=Call(operation),
        id="DirectoryId",
        reading=Call("describe_directories", {"DirectoryIds": ["{id}"]}, found="DirectoryDescriptions[0]"),
        dropping=Call("delete_directory", {"DirectoryId": "{id}"}),
        gives={"Alias": "Alias", "DnsIpAddresses": "DnsIpAddrs"},
        only={"CreateAlias": False, "EnableSso": False},
    )


_RULE = (
    "ConfigRuleName",
    "Description",
    "InputParameters",
    "MaximumExecutionFrequency",
    "Scope",
    "Source",
)

TYPES = {
    "AWS::CloudWatch::Dashboard": ServiceKind(
        service="cloudwatch",
        making=Call("put_dashboard"),
        id="{DashboardName}",
        reading=Call("get_dashboard", {"DashboardName": "{id}"}),
        changing=(Call("put_dashboard", {"DashboardName": "{id}"}),),
        dropping=Call("delete_dashboards", {"DashboardNames": ["{id}"]}),
        named=("DashboardName", 255),
        puts=True,
    ),
    "AWS::SSM::Document": ServiceKind(
        service="ssm",
        making=Call("create_document", found="DocumentDescription"),
        id="Name",
        reading=Call("describe_document", {"Name": "{id}"}, found="Document"),
        dropping=Call("delete_document", {"Name": "{id}"}),
        named=("Name", 128),
        defaults={"DocumentType": "Command"},
    ),
    "AWS::DirectoryService::MicrosoftAD": _directory("create_microsoft_ad"),
    "AWS::DirectoryService::SimpleAD": _directory("create_directory"),
    "AWS::Config::ConfigurationRecorder": ServiceKind(
        service="config",
        making=Call(
            "put_configuration_recorder",
            {"ConfigurationRecorder": {"name": "{Name}"}},
            of=(),
            when={
                "RoleARN": {"ConfigurationRecorder": {"roleARN": "{RoleARN}"}},
                "RecordingGroup": {"ConfigurationRecorder": {"recordingGroup": "{RecordingGroup}"}},
            },
        ),
        id="{Name}",
        reading=Call(
            "describe_configuration_recorders",
            {"ConfigurationRecorderNames": ["{id}"]},
            found="ConfigurationRecorders[0]",
        ),
        dropping=Call("delete_configuration_recorder", {"ConfigurationRecorderName": "{id}"}),
        named=("Name", 256),
    ),
    "AWS::Config::DeliveryChannel": ServiceKind(
        service="config",
        making=Call(
            "put_delivery_channel",
            {"DeliveryChannel": {"name": "{Name}"}},
            of=(),
            when={
                "S3BucketName": {"DeliveryChannel": {"s3BucketName": "{S3BucketName}"}},
                "SnsTopicARN": {"DeliveryChannel": {"snsTopicARN": "{SnsTopicARN}"}},
                "ConfigSnapshotDeliveryProperties": {
                    "DeliveryChannel": {"configSnapshotDeliveryProperties": "{ConfigSnapshotDeliveryProperties}"}
                },
            },
        ),
        id="{Name}",
        reading=Call("describe_delivery_channels", {"DeliveryChannelNames": ["{id}"]}, found="DeliveryChannels[0]"),
        dropping=Call("delete_delivery_channel", {"DeliveryChannelName": "{id}"}),
        named=("Name", 256),
    ),
    "AWS::DataPipeline::Pipeline": ServiceKind(
        service="datapipeline",
        making=Call("create_pipeline", {"uniqueId": "{name}"}),
        id="pipelineId",
        reading=Call("describe_pipelines", {"pipelineIds": ["{id}"]}, found="pipelineDescriptionList[0]"),
        changing=(Call("put_pipeline_definition", {"pipelineId": "{id}"}),),
        dropping=Call("delete_pipeline", {"pipelineId": "{id}"}),
        ignored=frozenset({"Activate"}),
    ),
    "AWS::ServiceCatalog::Portfolio": ServiceKind(
        service="servicecatalog",
        making=Call("create_portfolio", {"IdempotencyToken": "{name}"}, found="PortfolioDetail"),
        id="Id",
        reading=Call("describe_portfolio", {"Id": "{id}"}, found="PortfolioDetail"),
        dropping=Call("delete_portfolio", {"Id": "{id}"}),
        gives={"PortfolioName": "DisplayName"},
    ),
    "AWS::Config::ConfigRule": ServiceKind(
        service="config",
        making=Call("put_config_rule", of=(), when={key: {"ConfigRule": {key: f"{{{key}}}"}} for key in _RULE}),
        id="{ConfigRuleName}",
        reading=Call("describe_config_rules", {"ConfigRuleNames": ["{id}"]}, found="ConfigRules[0]"),
        changing=(
            Call(
                "put_config_rule",
                {"ConfigRule": {"ConfigRuleName": "{id}"}},
                of=(),
                when={key: {"ConfigRule": {key: f"{{{key}}}"}} for key in _RULE if key != "ConfigRuleName"},
            ),
        ),
        dropping=Call("delete_config_rule", {"ConfigRuleName": "{id}"}),
        gives={"Arn": "ConfigRuleArn", "ConfigRuleId": "ConfigRuleId"},
        named=("ConfigRuleName", 128),
        puts=True,
    ),
}
