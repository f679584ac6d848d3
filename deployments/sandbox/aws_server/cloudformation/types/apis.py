"""APIs and the users who may call them: API Gateway and Cognito."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_API = {"restApiId": "{RestApiId}"}
_METHOD = {**_API, "resourceId": "{ResourceId}", "httpMethod": "{HttpMethod}"}

TYPES = {
    "AWS::ApiGateway::RestApi": ServiceKind(
        service="apigateway",
        making=Call("create_rest_api"),
        id="id",
        reading=Call("get_rest_api", {"restApiId": "{id}"}),
        dropping=Call("delete_rest_api", {"restApiId": "{id}"}),
        gives={"RestApiId": "id"},
        more={
            "RootResourceId": Call("get_resources", {"restApiId": "{id}"}, found="items[?path=='/'] | [0].id"),
        },
        named=("Name", 255),
        names={"ApiKeySourceType": "apiKeySource"},
    ),
    "AWS::ApiGateway::Resource": ServiceKind(
        service="apigateway",
        making=Call("create_resource"),
        id="id",
        reading=Call("get_resource", {**_API, "resourceId": "{id}"}),
        dropping=Call("delete_resource", {**_API, "resourceId": "{id}"}),
        gives={"ResourceId": "id"},
    ),
    "AWS::ApiGateway::Method": ServiceKind(
        service="apigateway",
        making=Call("put_method"),
        id="{RestApiId}|{ResourceId}|{HttpMethod}",
        reading=Call("get_method", _METHOD),
        changing=(
            Call(
                "put_integration",
                {**_METHOD, "type": "{Integration.Type}"},
                of=(),
                when={"Integration": "{Integration}"},
            ),
        ),
        dropping=Call("delete_method", _METHOD),
        names={"IntegrationHttpMethod": "integrationHttpMethod"},
    ),
    "AWS::ApiGateway::Model": ServiceKind(
        service="apigateway",
        making=Call("create_model"),
        id="name",
        reading=Call("get_model", {**_API, "modelName": "{id}"}),
        named=("Name", 255),
    ),
    "AWS::ApiGateway::Authorizer": ServiceKind(
        service="apigateway",
        making=Call("create_authorizer"),
        id="id",
        reading=Call("get_authorizer", {**_API, "authorizerId": "{id}"}),
        dropping=Call("delete_authorizer", {**_API, "authorizerId": "{id}"}),
        gives={"AuthorizerId": "id"},
        names={"AuthorizerResultTtlInSeconds": "authorizerResultTtlInSeconds"},
    ),
    "AWS::ApiGateway::Deployment": ServiceKind(
        service="apigateway",
        making=Call("create_deployment"),
        id="id",
        reading=Call("get_deployment", {**_API, "deploymentId": "{id}"}),
        dropping=Call("delete_deployment", {**_API, "deploymentId": "{id}"}),
        gives={"DeploymentId": "id"},
    ),
    "AWS::ApiGateway::Stage": ServiceKind(
        service="apigateway",
        making=Call("create_stage"),
        id="{StageName}",
        reading=Call("get_stage", {**_API, "stageName": "{id}"}),
        dropping=Call("delete_stage", {**_API, "stageName": "{id}"}),
    ),
    "AWS::Cognito::UserPool": ServiceKind(
        service="cognito-idp",
        making=Call("create_user_pool", found="UserPool"),
        id="Id",
        reading=Call("describe_user_pool", {"UserPoolId": "{id}"}, found="UserPool"),
        changing=(
            Call(
                "update_user_pool",
                {"UserPoolId": "{id}"},
                of=("AdminCreateUserConfig", "AutoVerifiedAttributes", "MfaConfiguration", "Policies"),
            ),
        ),
        dropping=Call("delete_user_pool", {"UserPoolId": "{id}"}),
        gives={"Arn": "Arn", "UserPoolId": "Id"},
        named=("UserPoolName", 128),
        names={"UserPoolName": "PoolName"},
        tags="UserPoolTags",
    ),
    "AWS::Cognito::UserPoolClient": ServiceKind(
        service="cognito-idp",
        making=Call("create_user_pool_client", found="UserPoolClient"),
        id="ClientId",
        reading=Call(
            "describe_user_pool_client",
            {"UserPoolId": "{UserPoolId}", "ClientId": "{id}"},
            found="UserPoolClient",
        ),
        changing=(Call("update_user_pool_client", {"UserPoolId": "{UserPoolId}", "ClientId": "{id}"}),),
        dropping=Call("delete_user_pool_client", {"UserPoolId": "{UserPoolId}", "ClientId": "{id}"}),
        gives={"ClientId": "ClientId", "ClientSecret": "ClientSecret", "Name": "ClientName"},
        named=("ClientName", 128),
    ),
    "AWS::Cognito::UserPoolDomain": ServiceKind(
        service="cognito-idp",
        making=Call("create_user_pool_domain"),
        id="{Domain}",
        reading=Call("describe_user_pool_domain", {"Domain": "{id}"}, found="DomainDescription"),
        dropping=Call("delete_user_pool_domain", {"Domain": "{id}", "UserPoolId": "{UserPoolId}"}),
    ),
}
