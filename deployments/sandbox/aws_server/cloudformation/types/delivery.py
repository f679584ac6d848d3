"""Distributions, certificates, names, web firewalls, and pipelines of code."""

from deployments.sandbox.aws_server.cloudformation.services import Call, ServiceKind

_WEB_ACL = {"Name": "{Name}", "Id": "{Id}", "Scope": "{Scope}"}

TYPES = {
    "AWS::CloudFront::Distribution": ServiceKind(
        service="cloudfront",
        making=Call(
            "create_distribution_with_tags",
            {"DistributionConfigWithTags": {"DistributionConfig": "{DistributionConfig}", "Tags": {"Items": []}}},
            found="Distribution",
            when={"DistributionConfig": {"DistributionConfigWithTags": {}}},
        ),
        id="Id",
        reading=Call("get_distribution", {"Id": "{id}"}, found="Distribution"),
        dropping=Call("delete_distribution", {"Id": "{id}", "IfMatch": "{ETag}"}),
        gives={"Id": "Id", "DomainName": "DomainName"},
    ),
    "AWS::CertificateManager::Certificate": ServiceKind(
        service="acm",
        making=Call("request_certificate"),
        id="CertificateArn",
        reading=Call("describe_certificate", {"CertificateArn": "{id}"}, found="Certificate"),
        dropping=Call("delete_certificate", {"CertificateArn": "{id}"}),
        tagging=Call("add_tags_to_certificate", {"CertificateArn": "{id}", "Tags": "{tags}"}),
    ),
    "AWS::CodeCommit::Repository": ServiceKind(
        service="codecommit",
        making=Call("create_repository", found="repositoryMetadata"),
        id="repositoryId",
        reading=Call("get_repository", {"repositoryName": "{RepositoryName}"}, found="repositoryMetadata"),
        dropping=Call("delete_repository", {"repositoryName": "{RepositoryName}"}),
        gives={
            "Arn": "Arn",
            "Name": "repositoryName",
            "CloneUrlHttp": "cloneUrlHttp",
            "CloneUrlSsh": "cloneUrlSsh",
        },
    ),
    "AWS::CodeBuild::Project": ServiceKind(
        service="codebuild",
        making=Call("create_project", found="project"),
        id="name",
        reading=Call("batch_get_projects", {"names": ["{id}"]}, found="projects[0]"),
        changing=(Call("update_project", {"name": "{id}"}),),
        dropping=Call("delete_project", {"name": "{id}"}),
        gives={"Arn": "arn"},
        named=("Name", 255),
    ),
    "AWS::CodePipeline::Pipeline": ServiceKind(
        service="codepipeline",
        making=Call(
            "create_pipeline",
            {"pipeline": {"version": 1}},
            found="pipeline",
            when={
                "Name": {"pipeline": {"name": "{Name}"}},
                "RoleArn": {"pipeline": {"roleArn": "{RoleArn}"}},
                "ArtifactStore": {"pipeline": {"artifactStore": "{ArtifactStore}"}},
                "Stages": {"pipeline": {"stages": "{Stages}"}},
            },
        ),
        id="name",
        reading=Call("get_pipeline", {"name": "{id}"}, found="pipeline"),
        dropping=Call("delete_pipeline", {"name": "{id}"}),
        named=("Name", 100),
        ignored=frozenset({"RestartExecutionOnUpdate"}),
    ),
    "AWS::WAFv2::WebACL": ServiceKind(
        service="wafv2",
        making=Call("create_web_acl", found="Summary"),
        id="{Name}|{Id}|{Scope}",
        reading=Call("get_web_acl", _WEB_ACL, found="WebACL"),
        changing=(Call("update_web_acl", {**_WEB_ACL, "LockToken": "{LockToken}"}),),
        dropping=Call("delete_web_acl", {**_WEB_ACL, "LockToken": "{LockToken}"}),
        gives={"Arn": "ARN", "Id": "Id", "Capacity": "Capacity"},
        named=("Name", 128),
    ),
}
