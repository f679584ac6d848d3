"""IAM identities of machines and external systems: instance profiles and OIDC providers."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.iam import MISSING, stamp
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values


class InstanceProfile(Resource):
    """aws_iam_instance_profile."""

    type = "aws_iam_instance_profile"
    service = "iam"
    label = "IAM Instance Profile"
    gone = MISSING
    args = frozen(emulated("name", "name_prefix", "path", "role"))

    @override
    def create(self, place: Place, new: Values) -> str:
        name = name_for(new)
        tags = given(Tags=as_pairs(new["tags_all"]))
        place.client("iam").create_instance_profile(InstanceProfileName=name, Path=new["path"], **tags)
        return name

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["role"]:
            place.client("iam").add_role_to_instance_profile(InstanceProfileName=new["id"], RoleName=new["role"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        if "role" in changed:
            self._remove_role(place, state)
            self.complete(place, new)

    def _remove_role(self, place: Place, state: Values) -> None:
        if state["role"]:
            iam = place.client("iam")
            iam.remove_role_from_instance_profile(InstanceProfileName=state["id"], RoleName=state["role"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        profile = place.client("iam").get_instance_profile(InstanceProfileName=state["id"])["InstanceProfile"]
        return {
            "arn": profile["Arn"],
            "create_date": stamp(profile["CreateDate"]),
            "name": profile["InstanceProfileName"],
            "path": profile["Path"],
            "role": next((role["RoleName"] for role in profile["Roles"]), None),
            "unique_id": profile["InstanceProfileId"],
            "tags_all": from_pairs(profile.get("Tags")),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("iam").untag_instance_profile(InstanceProfileName=state["id"], TagKeys=removed)
        if added:
            place.client("iam").tag_instance_profile(InstanceProfileName=state["id"], Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        self._remove_role(place, state)
        place.client("iam").delete_instance_profile(InstanceProfileName=state["id"])


def _without_scheme(url: Any) -> Any:
    return url.removeprefix("https://") if isinstance(url, str) else url


class OpenIdConnectProvider(Resource):
    """aws_iam_openid_connect_provider."""

    type = "aws_iam_openid_connect_provider"
    service = "iam"
    label = "IAM OIDC Provider"
    gone = MISSING
    args = frozen(
        {**emulated("thumbprint_list"), "url": Arg(same=_without_scheme), "client_id_list": Arg(fixed=True)}
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("iam").create_open_id_connect_provider(
            Url=new["url"],
            ClientIDList=new["client_id_list"],
            **given(ThumbprintList=new["thumbprint_list"], Tags=as_pairs(new["tags_all"])),
        )
        return str(answer["OpenIDConnectProviderArn"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        place.client("iam").update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=state["id"], ThumbprintList=new["thumbprint_list"] or []
        )

    @override
    def read(self, place: Place, state: Values) -> Values:
        answer = place.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=state["id"])
        return {
            "arn": state["id"],
            "url": answer["Url"],
            "client_id_list": answer.get("ClientIDList", []),
            "thumbprint_list": answer.get("ThumbprintList", []),
            "tags_all": from_pairs(answer.get("Tags")),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        iam, arn = place.client("iam"), {"OpenIDConnectProviderArn": state["id"]}
        if removed:
            iam.untag_open_id_connect_provider(TagKeys=removed, **arn)
        if added:
            iam.tag_open_id_connect_provider(Tags=as_pairs(added), **arn)

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=state["id"])


RESOURCES: tuple[type[Resource], ...] = (InstanceProfile, OpenIdConnectProvider)
