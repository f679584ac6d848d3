"""Distributions, certificates, names, web firewalls and code pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind


class Distribution(ServiceKind):
    """AWS::CloudFront::Distribution, whose configuration has more keys in the API than in templates."""

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties with the keys that the API requires. The caller reference is always the same."""
        config = dict(p["DistributionConfig"])
        behaviors: dict[str, Any] = {"DefaultCacheBehavior": _behavior(config["DefaultCacheBehavior"])}
        if "CacheBehaviors" in config:
            behaviors["CacheBehaviors"] = [_behavior(each) for each in config["CacheBehaviors"]]
        if "Logging" in config:
            config["Logging"] = {"Enabled": True, "IncludeCookies": False, "Prefix": "", **config["Logging"]}
        origins = [_origin(each) for each in config.get("Origins", [])]
        reference = {"CallerReference": f"{aws.account}-{aws.region}", "Comment": ""}
        return {**p, "DistributionConfig": {**reference, **config, **behaviors, "Origins": origins}}


class Project(ServiceKind):
    """AWS::CodeBuild::Project, which accepts a role's name in place of its ARN."""

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties with the ARN of the role."""
        role = str(p["ServiceRole"])
        return p if role.startswith("arn:") else {**p, "ServiceRole": f"arn:aws:iam::{aws.account}:role/{role}"}


def _origin(declared: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(declared)
    if "S3OriginConfig" in found:
        found["S3OriginConfig"] = {"OriginAccessIdentity": "", **found["S3OriginConfig"]}
    if "CustomOriginConfig" in found:
        found["CustomOriginConfig"] = {"HTTPPort": 80, "HTTPSPort": 443, **found["CustomOriginConfig"]}
    return found


def _behavior(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cache behavior in the API's form, where the cached methods are part of the allowed ones."""
    found = {key: value for key, value in declared.items() if key not in ("AllowedMethods", "CachedMethods")}
    if "ForwardedValues" in found:
        found["ForwardedValues"] = {"Cookies": {"Forward": "none"}, **found["ForwardedValues"]}
    if "AllowedMethods" in declared:
        cached = declared.get("CachedMethods", ["GET", "HEAD"])
        methods = {"Quantity": len(declared["AllowedMethods"]), "Items": declared["AllowedMethods"]}
        found["AllowedMethods"] = {**methods, "CachedMethods": {"Quantity": len(cached), "Items": cached}}
    return found


_WEB_ACL = {"Name": "{Name}", "Id": "{Id}", "Scope": "{Scope}"}

TYPES = {
    "AWS::CloudFront::Distribution": Distribution(
        service="cloudfront",
        making=Call("create_distribution"),
        id="Distribution.Id",
        reading=Call("get_distribution", {"Id": "{id}"}, found="Distribution"),
        also={
            "DistributionConfig": Call("get_distribution_config", {"Id": "{id}"}, found="DistributionConfig"),
        },
        changing=(Call("update_distribution", {"Id": "{id}", "IfMatch": "{ETag}"}),),
        dropping=Call("delete_distribution", {"Id": "{id}", "IfMatch": "{ETag}"}),
        gives={"Id": "Id", "DomainName": "DomainName"},
        names={"IPV6Enabled": "IsIPV6Enabled"},
        tagging=Call("tag_resource", {"Resource": "{Distribution.ARN}", "Tags": {"Items": "{tags}"}}),
    ),
    "AWS::CloudFront::OriginAccessControl": ServiceKind(
        service="cloudfront",
        making=Call("create_origin_access_control"),
        id="OriginAccessControl.Id",
        reading=Call("get_origin_access_control", {"Id": "{id}"}, found="OriginAccessControl"),
        changing=(Call("update_origin_access_control", {"Id": "{id}", "IfMatch": "{ETag}"}),),
        dropping=Call("delete_origin_access_control", {"Id": "{id}", "IfMatch": "{ETag}"}),
        gives={"Id": "Id"},
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
    "AWS::CodeBuild::Project": Project(
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
