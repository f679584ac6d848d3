"""Queues, topics, event buses and rules, which carry order events: made in moto's SQS, SNS and EventBridge."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.infrastructure import is_there
from deployments.sandbox.aws_server.cloudformation.kinds import (
    Kind,
    Made,
    Properties,
    as_list,
    as_text,
    like,
    tags_of,
)

_QUEUE_DEFAULTS = {
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
"""{attribute of a queue: its value when it is no longer declared}."""


class Queue(Kind):
    """AWS::SQS::Queue."""

    properties = frozenset({"QueueName", "Tags", "FifoQueue", "ContentBasedDeduplication", *_QUEUE_DEFAULTS})
    importable = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        # The name of a FIFO queue ends in .fifo, that which CloudFormation generates, too.
        ending = ".fifo" if as_text(p.get("FifoQueue")) == "true" else ""
        called = p.get("QueueName", name[: 80 - len(ending)] + ending)
        attributes = {key: as_text(p[key]) for key in p if key not in ("QueueName", "Tags")}
        url = aws("sqs").create_queue(QueueName=called, Attributes=attributes, tags=tags_of(aws, p))["QueueUrl"]
        return Made(url, self.given(aws, url))

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        called = id.rpartition("/")[2]
        return {"Arn": aws.arn("sqs", called), "QueueName": called, "QueueUrl": id}

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        wanted = {
            key: as_text(new.get(key, _QUEUE_DEFAULTS[key])) for key in _QUEUE_DEFAULTS if key in {**old, **new}
        }
        if wanted:
            aws("sqs").set_queue_attributes(QueueUrl=made.id, Attributes=wanted)
        if tags := tags_of(aws, new):
            aws("sqs").tag_queue(QueueUrl=made.id, Tags=tags)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("sqs").delete_queue(QueueUrl=made.id)

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        return "QueueName" in p and is_there(aws("sqs").get_queue_url, QueueName=p["QueueName"])

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = _queue_attributes(aws, made.id)
        if found is None:
            return None
        return {key: like(p[key], found.get(key)) for key in p if key in _QUEUE_DEFAULTS}


class QueuePolicy(Kind):
    """AWS::SQS::QueuePolicy, which sets the Policy attribute of its queues."""

    properties = frozenset({"Queues", "PolicyDocument"})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        self._put(aws, p["Queues"], json.dumps(p["PolicyDocument"]))
        return Made(name, {"Id": name})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        self._put(aws, [url for url in old["Queues"] if url not in new["Queues"]], "")
        self._put(aws, new["Queues"], json.dumps(new["PolicyDocument"]))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        self._put(aws, [url for url in p["Queues"] if _queue_attributes(aws, url) is not None], "")

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = [attributes for url in p["Queues"] if (attributes := _queue_attributes(aws, url)) is not None]
        policies = [json.loads(attributes["Policy"]) for attributes in found if attributes.get("Policy")]
        return {"PolicyDocument": policies[0]} if policies else None

    def _put(self, aws: Clients, urls: list[str], policy: str) -> None:
        for url in urls:
            aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


class Topic(Kind):
    """AWS::SNS::Topic."""

    properties = frozenset({"TopicName", "DisplayName", "KmsMasterKeyId", "Subscription", "Tags"})
    _attributes = ("DisplayName", "KmsMasterKeyId")
    importable = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("TopicName", name)
        attributes = {key: as_text(p[key]) for key in self._attributes if key in p}
        arn = aws("sns").create_topic(Name=called, Attributes=attributes, Tags=as_list(tags_of(aws, p)))["TopicArn"]
        for subscriber in p.get("Subscription", ()):
            aws("sns").subscribe(TopicArn=arn, **subscriber)
        return Made(arn, self.given(aws, arn))

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        return {"TopicArn": id, "TopicName": id.rpartition(":")[2]}

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        arn = aws.arn("sns", str(p.get("TopicName", "")))
        return "TopicName" in p and is_there(aws("sns").get_topic_attributes, TopicArn=arn)

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        for key in self._attributes:
            if key in {**old, **new}:
                value = as_text(new.get(key, ""))
                aws("sns").set_topic_attributes(TopicArn=made.id, AttributeName=key, AttributeValue=value)
        aws("sns").tag_resource(ResourceArn=made.id, Tags=as_list(tags_of(aws, new)))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("sns").delete_topic(TopicArn=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = _topic_attributes(aws, made.id)
        if found is None:
            return None
        return {key: found.get(key, "") for key in self._attributes if key in p}


class TopicPolicy(Kind):
    """AWS::SNS::TopicPolicy, which sets the Policy attribute of its topics."""

    properties = frozenset({"Topics", "PolicyDocument"})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        self._put(aws, p["Topics"], p["PolicyDocument"])
        return Made(name, {"Id": name})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        self._put(aws, new["Topics"], new["PolicyDocument"])

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        owner = {"Effect": "Allow", "Principal": {"AWS": aws.account}, "Action": "sns:Publish", "Resource": "*"}
        there = [arn for arn in p["Topics"] if _topic_attributes(aws, arn) is not None]
        self._put(aws, there, {"Version": "2008-10-17", "Statement": [owner]})

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = _topic_attributes(aws, p["Topics"][0])
        return {"PolicyDocument": json.loads(found["Policy"])} if found else None

    def _put(self, aws: Clients, arns: list[str], policy: Any) -> None:
        for arn in arns:
            value = json.dumps(policy)
            aws("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=value)


class Subscription(Kind):
    """AWS::SNS::Subscription."""

    properties = frozenset({"TopicArn", "Protocol", "Endpoint", "RawMessageDelivery", "FilterPolicy"})
    checked = False

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        attributes = {key: as_text(p[key]) for key in ("RawMessageDelivery", "FilterPolicy") if key in p}
        whom = {key: p[key] for key in ("TopicArn", "Protocol", "Endpoint")}
        arn = aws("sns").subscribe(**whom, Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]
        return Made(arn, {"Arn": arn})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        for key in ("RawMessageDelivery", "FilterPolicy"):
            if key in new:
                aws("sns").set_subscription_attributes(
                    SubscriptionArn=made.id, AttributeName=key, AttributeValue=as_text(new[key])
                )

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("sns").unsubscribe(SubscriptionArn=made.id)


class EventBus(Kind):
    """AWS::Events::EventBus."""

    properties = frozenset({"Name", "Description", "Tags"})
    importable = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        tags = as_list(tags_of(aws, p))
        arn = aws("events").create_event_bus(Name=p["Name"], Tags=tags)["EventBusArn"]
        return Made(p["Name"], {"Arn": arn, "Name": p["Name"]})

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        return {"Arn": aws("events").describe_event_bus(Name=id)["Arn"], "Name": id}

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        aws("events").tag_resource(ResourceARN=made.attributes["Arn"], Tags=as_list(tags_of(aws, new)))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("events").delete_event_bus(Name=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        try:
            return {"Name": aws("events").describe_event_bus(Name=made.id)["Name"]}
        except aws("events").exceptions.ResourceNotFoundException:
            return None


class Rule(Kind):
    """AWS::Events::Rule, with its targets."""

    _own = ("Description", "EventPattern", "ScheduleExpression", "State", "RoleArn")
    properties = frozenset({"Name", "EventBusName", "Targets", "Tags", *_own})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("Name", name[:64])
        bus = p.get("EventBusName", "default")
        arn = self._put(aws, called, bus, p)
        return Made(f"{bus}|{called}" if bus != "default" else called, {"Arn": arn, "RuleName": called})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        where = self._where(made, old)
        aws("events").describe_rule(Name=where["Rule"], EventBusName=where["EventBusName"])
        kept = {target["Id"] for target in new.get("Targets", ())}
        gone = [target["Id"] for target in old.get("Targets", ()) if target["Id"] not in kept]
        if gone:
            aws("events").remove_targets(**where, Ids=gone)
        self._put(aws, where["Rule"], where["EventBusName"], new)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        where = self._where(made, p)
        ids = [target["Id"] for target in aws("events").list_targets_by_rule(**where)["Targets"]]
        if ids:
            aws("events").remove_targets(**where, Ids=ids)
        aws("events").delete_rule(Name=where["Rule"], EventBusName=where["EventBusName"])

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        where = self._where(made, p)
        try:
            found = aws("events").describe_rule(Name=where["Rule"], EventBusName=where["EventBusName"])
        except aws("events").exceptions.ResourceNotFoundException:
            return None
        targets = {"Targets": aws("events").list_targets_by_rule(**where)["Targets"]}
        return {key: like(p[key], found.get(key)) for key in self._own if key in p} | (
            targets if "Targets" in p else {}
        )

    def _where(self, made: Made, p: Properties) -> dict[str, str]:
        return {"Rule": made.attributes["RuleName"], "EventBusName": p.get("EventBusName", "default")}

    def _put(self, aws: Clients, name: str, bus: str, p: Properties) -> str:
        own = {key: as_text(p[key]) for key in self._own if key in p}
        tags = as_list(tags_of(aws, p))
        arn = aws("events").put_rule(Name=name, EventBusName=bus, **own, Tags=tags)["RuleArn"]
        if p.get("Targets"):
            aws("events").put_targets(Rule=name, EventBusName=bus, Targets=p["Targets"])
        return str(arn)


def _queue_attributes(aws: Clients, url: str) -> dict[str, str] | None:
    try:
        found: dict[str, str] = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    except aws("sqs").exceptions.QueueDoesNotExist:
        return None
    return found


def _topic_attributes(aws: Clients, arn: str) -> dict[str, str] | None:
    try:
        found: dict[str, str] = aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NotFound", "NotFoundException"):
            return None
        raise
    return found
