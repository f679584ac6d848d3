"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, json_text, policy

_TOPIC = {
    "delivery_policy": "DeliveryPolicy",
    "display_name": "DisplayName",
    "kms_master_key_id": "KmsMasterKeyId",
    "policy": "Policy",
    "tracing_config": "TracingConfig",
}
_SUBSCRIPTION = {
    "delivery_policy": "DeliveryPolicy",
    "filter_policy": "FilterPolicy",
    "filter_policy_scope": "FilterPolicyScope",
    "raw_message_delivery": "RawMessageDelivery",
    "redrive_policy": "RedrivePolicy",
}
MISSING = ("NotFound", "NotFoundException", "ResourceNotFound")


class Topic(Resource):
    """aws_sns_topic. `policy` also shows the policy that an `aws_sns_topic_policy` has set."""

    type = "aws_sns_topic"
    service = "sns"
    label = "SNS Topic"
    gone = MISSING
    args = frozen(
        {
            **emulated("name", "name_prefix", "display_name", "fifo_topic", "kms_master_key_id", "tracing_config"),
            "delivery_policy": Arg(same=json_text),
            "policy": Arg(same=policy),
        }
    )
    reads = frozen({"beginning_archive_time": "string"})

    @override
    def create(self, place: Place, new: Values) -> str:
        attributes = {api: new[name] for name, api in _TOPIC.items() if new[name]}
        fifo = {"FifoTopic": "true"} if new["fifo_topic"] else {}
        answer = place.client("sns").create_topic(
            Name=name_for(new), **given(Attributes=attributes | fifo, Tags=as_pairs(new["tags_all"]))
        )
        return str(answer["TopicArn"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        for name in sorted(changed & _TOPIC.keys()):
            place.client("sns").set_topic_attributes(
                TopicArn=state["id"], AttributeName=_TOPIC[name], AttributeValue=new[name] or ""
            )

    @override
    def read(self, place: Place, state: Values) -> Values:
        sns, arn = place.client("sns"), state["id"]
        found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
        return {name: found.get(api) for name, api in _TOPIC.items()} | {
            "arn": arn,
            "name": arn.rpartition(":")[2],
            "owner": found.get("Owner"),
            "fifo_topic": found.get("FifoTopic") == "true",
            "tags_all": from_pairs(tags),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("sns").untag_resource(ResourceArn=state["id"], TagKeys=removed)
        if added:
            place.client("sns").tag_resource(ResourceArn=state["id"], Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("sns").delete_topic(TopicArn=state["id"])


class TopicPolicy(Resource):
    """aws_sns_topic_policy. Without it, a topic has the default policy, which gives its owner access."""

    type = "aws_sns_topic_policy"
    service = "sns"
    label = "SNS Topic Policy"
    gone = MISSING
    args = frozen({**emulated("arn"), "policy": Arg(same=policy)})

    @override
    def create(self, place: Place, new: Values) -> str:
        self._set(place, new["arn"], new["policy"])
        return str(new["arn"])

    def _set(self, place: Place, arn: str, document: str) -> None:
        place.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._set(place, new["arn"], new["policy"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("sns").get_topic_attributes(TopicArn=state["id"])["Attributes"]
        return {"arn": state["id"], "owner": found.get("Owner"), "policy": found["Policy"]}

    @override
    def delete(self, place: Place, state: Values) -> None:
        arn = state["id"]
        self._set(place, arn, DEFAULT_POLICY.replace("TOPIC", arn).replace("OWNER", place.account))


# The policy of a new topic (Amazon SNS API reference, CreateTopic), which the real provider restores.
DEFAULT_POLICY = """{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",
"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes",
"SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic",
"SNS:Publish"],"Resource":"TOPIC","Condition":{"StringEquals":{"AWS:SourceOwner":"OWNER"}}}]}"""


class TopicSubscription(Resource):
    """aws_sns_topic_subscription."""

    type = "aws_sns_topic_subscription"
    service = "sns"
    label = "SNS Topic Subscription"
    gone = MISSING
    args = frozen(
        {
            **emulated(
                "confirmation_timeout_in_minutes",
                "endpoint",
                "endpoint_auto_confirms",
                "filter_policy_scope",
                "protocol",
                "raw_message_delivery",
                "topic_arn",
            ),
            "delivery_policy": Arg(same=json_text),
            "filter_policy": Arg(same=json_text),
            "redrive_policy": Arg(same=json_text),
        }
    )
    follows = frozen({"filter_policy": ("filter_policy_scope",)})
    reads = frozen({"confirmation_was_authenticated": "bool", "pending_confirmation": "bool"})

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("sns").subscribe(
            TopicArn=new["topic_arn"],
            Protocol=new["protocol"],
            Endpoint=new["endpoint"],
            ReturnSubscriptionArn=True,
            **given(Attributes={api: _text(new[name]) for name, api in _SUBSCRIPTION.items() if new[name]}),
        )
        return str(answer["SubscriptionArn"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        for name in sorted(changed & _SUBSCRIPTION.keys()):
            place.client("sns").set_subscription_attributes(
                SubscriptionArn=state["id"], AttributeName=_SUBSCRIPTION[name], AttributeValue=_text(new[name])
            )

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("sns").get_subscription_attributes(SubscriptionArn=state["id"])["Attributes"]
        return {name: found.get(api) for name, api in _SUBSCRIPTION.items()} | {
            "arn": state["id"],
            "owner_id": found.get("Owner"),
            "endpoint": found.get("Endpoint"),
            "protocol": found.get("Protocol"),
            "topic_arn": found.get("TopicArn"),
            "raw_message_delivery": found.get("RawMessageDelivery") == "true",
            "confirmation_was_authenticated": found.get("ConfirmationWasAuthenticated") == "true",
            "pending_confirmation": found.get("PendingConfirmation") == "true",
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("sns").unsubscribe(SubscriptionArn=state["id"])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "")


RESOURCES: tuple[type[Resource], ...] = (Topic, TopicPolicy, TopicSubscription)
