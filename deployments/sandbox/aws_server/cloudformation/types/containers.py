"""Containers: ECS, EKS, ECR, and file systems."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_SERVICE = {"cluster": "{Cluster}", "service": "{id}"}
_NODES = {"clusterName": "{ClusterName}", "nodegroupName": "{nodegroupName}"}

TYPES = {
    "AWS::ECS::Cluster": ServiceKind(
        service="ecs",
        making=Call("create_cluster", found="cluster"),
        id="clusterName",
        reading=Call("describe_clusters", {"clusters": ["{id}"]}, found="clusters[?status!='INACTIVE'] | [0]"),
        changing=(Call("update_cluster", {"cluster": "{id}"}),),
        dropping=Call("delete_cluster", {"cluster": "{id}"}),
        gives={"Arn": "clusterArn"},
        named=("ClusterName", 255),
        names={"ClusterSettings": "settings"},
        tagging=Call("tag_resource", {"resourceArn": "{clusterArn}", "tags": "{tags}"}),
    ),
    "AWS::ECS::TaskDefinition": ServiceKind(
        service="ecs",
        making=Call("register_task_definition", found="taskDefinition"),
        id="taskDefinitionArn",
        reading=Call(
            "describe_task_definition",
            {"taskDefinition": "{id}"},
            found="taskDefinition.[@][?status=='ACTIVE'] | [0]",
        ),
        dropping=Call("deregister_task_definition", {"taskDefinition": "{id}"}),
        gives={"TaskDefinitionArn": "taskDefinitionArn"},
        named=("Family", 255),
        tagging=Call("tag_resource", {"resourceArn": "{id}", "tags": "{tags}"}),
    ),
    "AWS::ECS::Service": ServiceKind(
        service="ecs",
        making=Call("create_service", found="service"),
        id="serviceArn",
        reading=Call(
            "describe_services",
            {"cluster": "{Cluster}", "services": ["{id}"]},
            found="services[?status!='INACTIVE'] | [0]",
        ),
        changing=(Call("update_service", _SERVICE, of=("DesiredCount", "TaskDefinition")),),
        dropping=Call("delete_service", {**_SERVICE, "force": True}),
        gives={"Name": "serviceName", "ServiceArn": "serviceArn"},
        named=("ServiceName", 255),
        tagging=Call("tag_resource", {"resourceArn": "{id}", "tags": "{tags}"}),
        defaults={"Cluster": "default"},
    ),
    "AWS::ECR::Repository": ServiceKind(
        service="ecr",
        making=Call("create_repository", found="repository"),
        id="repositoryName",
        reading=Call("describe_repositories", {"repositoryNames": ["{id}"]}, found="repositories[0]"),
        changing=(
            Call("put_image_tag_mutability", {"repositoryName": "{id}"}),
            Call("put_image_scanning_configuration", {"repositoryName": "{id}"}),
            Call(
                "set_repository_policy",
                {"repositoryName": "{id}", "policyText": "{RepositoryPolicyText}"},
                of=("RepositoryPolicyText",),
            ),
            Call(
                "put_lifecycle_policy",
                {"repositoryName": "{id}", "lifecyclePolicyText": "{LifecyclePolicy.LifecyclePolicyText}"},
                of=("LifecyclePolicy",),
            ),
        ),
        dropping=Call("delete_repository", {"repositoryName": "{id}"}),
        gives={"Arn": "repositoryArn", "RepositoryUri": "repositoryUri"},
        named=("RepositoryName", 256),
        tagging=Call("tag_resource", {"resourceArn": "{repositoryArn}", "tags": "{tags}"}),
    ),
    "AWS::EKS::Cluster": ServiceKind(
        service="eks",
        making=Call("create_cluster", found="cluster"),
        id="name",
        reading=Call("describe_cluster", {"name": "{id}"}, found="cluster"),
        changing=(
            Call("update_cluster_version", {"name": "{id}"}, of=("Version",)),
            Call("update_cluster_config", {"name": "{id}"}, of=("ResourcesVpcConfig", "Logging")),
        ),
        dropping=Call("delete_cluster", {"name": "{id}"}),
        gives={
            "Arn": "arn",
            "Endpoint": "endpoint",
            "CertificateAuthorityData": "certificateAuthority.data",
            "OpenIdConnectIssuerUrl": "identity.oidc.issuer",
        },
        named=("Name", 100),
    ),
    "AWS::EKS::Nodegroup": ServiceKind(
        service="eks",
        making=Call("create_nodegroup", found="nodegroup"),
        id="{ClusterName}/{nodegroupName}",
        reading=Call("describe_nodegroup", _NODES, found="nodegroup"),
        changing=(Call("update_nodegroup_config", _NODES, of=("ScalingConfig",)),),
        dropping=Call("delete_nodegroup", _NODES),
        gives={"Arn": "nodegroupArn", "NodegroupName": "nodegroupName", "ClusterName": "clusterName"},
        named=("NodegroupName", 63),
    ),
    "AWS::EFS::FileSystem": ServiceKind(
        service="efs",
        making=Call("create_file_system", {"CreationToken": "{name}"}),
        id="FileSystemId",
        reading=Call("describe_file_systems", {"FileSystemId": "{id}"}, found="FileSystems[0]"),
        changing=(
            Call("put_lifecycle_configuration", {"FileSystemId": "{id}"}),
            Call(
                "put_backup_policy",
                {"FileSystemId": "{id}", "BackupPolicy": "{BackupPolicy}"},
                of=("BackupPolicy",),
            ),
            Call(
                "put_file_system_policy",
                {"FileSystemId": "{id}", "Policy": "{FileSystemPolicy}"},
                of=("FileSystemPolicy",),
            ),
        ),
        dropping=Call("delete_file_system", {"FileSystemId": "{id}"}),
        gives={"FileSystemId": "FileSystemId", "Arn": "FileSystemArn"},
        tags="FileSystemTags",
        tagging=Call("tag_resource", {"ResourceId": "{id}", "Tags": "{tags}"}),
        names={"LifecyclePolicies": "LifecyclePolicies"},
    ),
    "AWS::EFS::MountTarget": ServiceKind(
        service="efs",
        making=Call("create_mount_target"),
        id="MountTargetId",
        reading=Call("describe_mount_targets", {"MountTargetId": "{id}"}, found="MountTargets[0]"),
        changing=(Call("modify_mount_target_security_groups", {"MountTargetId": "{id}"}),),
        dropping=Call("delete_mount_target", {"MountTargetId": "{id}"}),
        gives={"Id": "MountTargetId", "IpAddress": "IpAddress"},
    ),
    "AWS::EFS::AccessPoint": ServiceKind(
        service="efs",
        making=Call("create_access_point", {"ClientToken": "{name}"}),
        id="AccessPointId",
        reading=Call("describe_access_points", {"AccessPointId": "{id}"}, found="AccessPoints[0]"),
        dropping=Call("delete_access_point", {"AccessPointId": "{id}"}),
        gives={"AccessPointId": "AccessPointId", "Arn": "AccessPointArn"},
        tags="AccessPointTags",
        tagging=Call("tag_resource", {"ResourceId": "{id}", "Tags": "{tags}"}),
    ),
}
