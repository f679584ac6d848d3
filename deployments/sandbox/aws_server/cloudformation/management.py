"""Keys, backups, budgets, parameters and alarms, made in moto's services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.arguments import argument, input_of
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, as_list, tags_of


class Key(Kind):
    """AWS::KMS::Key."""

    properties = frozenset(
        {
            "Description",
            "EnableKeyRotation",
            "KeyPolicy",
            "PendingWindowInDays",
            "Tags",
            "Enabled",
            "KeySpec",
            "KeyUsage",
        }
    )
    importable = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        tags = [{"TagKey": key, "TagValue": value} for key, value in tags_of(aws, p).items()]
        policy = {"Policy": json.dumps(p["KeyPolicy"])} if "KeyPolicy" in p else {}
        made = aws("kms").create_key(Description=p.get("Description", ""), Tags=tags, **policy)["KeyMetadata"]
        if p.get("EnableKeyRotation"):
            aws("kms").enable_key_rotation(KeyId=made["KeyId"])
        return Made(made["KeyId"], self.given(aws, made["KeyId"]))

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        return {"Arn": aws.arn("kms", f"key/{id}"), "KeyId": id}

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        if "KeyPolicy" in new:
            aws("kms").put_key_policy(KeyId=made.id, PolicyName="default", Policy=json.dumps(new["KeyPolicy"]))
        rotate = aws("kms").enable_key_rotation if new.get("EnableKeyRotation") else aws("kms").disable_key_rotation
        rotate(KeyId=made.id)
        aws("kms").update_key_description(KeyId=made.id, Description=new.get("Description", ""))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("kms").schedule_key_deletion(KeyId=made.id, PendingWindowInDays=p.get("PendingWindowInDays", 30))

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = aws("kms").describe_key(KeyId=made.id)["KeyMetadata"]
        if found["KeyState"] == "PendingDeletion":
            return None
        rotation = aws("kms").get_key_rotation_status(KeyId=made.id)["KeyRotationEnabled"]
        policy = json.loads(aws("kms").get_key_policy(KeyId=made.id, PolicyName="default")["Policy"])
        known = {"EnableKeyRotation": rotation, "Description": found["Description"], "KeyPolicy": policy}
        return {key: known[key] for key in known if key in p}


class Alias(Kind):
    """AWS::KMS::Alias."""

    properties = frozenset({"AliasName", "TargetKeyId"})
    checked = False

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        aws("kms").create_alias(AliasName=p["AliasName"], TargetKeyId=p["TargetKeyId"])
        return Made(p["AliasName"])

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        aws("kms").update_alias(AliasName=made.id, TargetKeyId=new["TargetKeyId"])

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("kms").delete_alias(AliasName=made.id)


class BackupVault(Kind):
    """AWS::Backup::BackupVault."""

    properties = frozenset({"BackupVaultName", "EncryptionKeyArn", "BackupVaultTags"})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        key = {"EncryptionKeyArn": p["EncryptionKeyArn"]} if "EncryptionKeyArn" in p else {}
        tags = tags_of(aws, p, "BackupVaultTags")
        made = aws("backup").create_backup_vault(BackupVaultName=p["BackupVaultName"], BackupVaultTags=tags, **key)
        return Made(
            p["BackupVaultName"], {"BackupVaultArn": made["BackupVaultArn"], "BackupVaultName": p["BackupVaultName"]}
        )

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        tags = tags_of(aws, new, "BackupVaultTags")
        aws("backup").tag_resource(ResourceArn=made.attributes["BackupVaultArn"], Tags=tags)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("backup").delete_backup_vault(BackupVaultName=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        vaults = aws("backup").list_backup_vaults()["BackupVaultList"]
        found = [vault for vault in vaults if vault["BackupVaultName"] == made.id]
        return {key: found[0].get(key) for key in ("EncryptionKeyArn",) if key in p} if found else None


class BackupPlan(Kind):
    """AWS::Backup::BackupPlan. CloudFormation and the service spell its rules differently."""

    properties = frozenset({"BackupPlan", "BackupPlanTags"})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        tags = tags_of(aws, p, "BackupPlanTags")
        made = aws("backup").create_backup_plan(BackupPlan=_plan(p), BackupPlanTags=tags)
        return Made(made["BackupPlanId"], {key: made[key] for key in ("BackupPlanId", "BackupPlanArn", "VersionId")})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        aws("backup").update_backup_plan(BackupPlanId=made.id, BackupPlan=_plan(new))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("backup").delete_backup_plan(BackupPlanId=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = aws("backup").get_backup_plan(BackupPlanId=made.id)
        if "DeletionDate" in found:
            return None
        rules = {rule["RuleName"]: rule for rule in found["BackupPlan"]["Rules"]}
        wanted = {rule["RuleName"]: rule for rule in _plan(p)["Rules"]}
        if all({**rules.get(name, {}), **rule} == rules.get(name) for name, rule in wanted.items()):
            return {"BackupPlan": p["BackupPlan"]}
        spelt = [_spelt(rule, {"TargetBackupVaultName": "TargetBackupVault"}) for rule in rules.values()]
        return {"BackupPlan": {**p["BackupPlan"], "BackupPlanRule": spelt}}


class BackupSelection(Kind):
    """AWS::Backup::BackupSelection."""

    properties = frozenset({"BackupPlanId", "BackupSelection"})
    checked = False

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        selection = dict(p["BackupSelection"])
        made = aws("backup").create_backup_selection(BackupPlanId=p["BackupPlanId"], BackupSelection=selection)
        both = {"SelectionId": made["SelectionId"], "BackupPlanId": p["BackupPlanId"]}
        return Made(f"{p['BackupPlanId']}_{made['SelectionId']}", both)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("backup").delete_backup_selection(**made.attributes)


class Budget(Kind):
    """AWS::Budgets::Budget. An account has one list of budgets for all regions."""

    properties = frozenset({"Budget", "NotificationsWithSubscribers", "ResourceTags"})
    checked = False

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        budget = {"BudgetName": name, **p["Budget"]}
        if limit := budget.get("BudgetLimit"):
            budget["BudgetLimit"] = {"Amount": str(limit["Amount"]), "Unit": limit["Unit"]}
        told = list(p.get("NotificationsWithSubscribers", ()))
        aws("budgets").create_budget(AccountId=aws.account, Budget=budget, NotificationsWithSubscribers=told)
        return Made(budget["BudgetName"])

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        # Replace the budget, because moto has no UpdateBudget.
        self.delete(aws, made, old)
        self.create(aws, made.id, new)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("budgets").delete_budget(AccountId=aws.account, BudgetName=made.id)


class Parameter(Kind):
    """AWS::SSM::Parameter."""

    _own = ("Value", "Type", "Description")
    importable = True
    properties = frozenset({"Name", "Tags", *_own})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("Name", name)
        own = {key: p[key] for key in self._own if key in p}
        aws("ssm").put_parameter(Name=called, **own, Tags=as_list(tags_of(aws, p)))
        return Made(called, {"Type": p["Type"], "Value": p["Value"]})

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        found = aws("ssm").get_parameter(Name=id)["Parameter"]
        return {"Type": found["Type"], "Value": found["Value"]}

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        aws("ssm").get_parameter(Name=made.id)
        own = {key: new[key] for key in self._own if key in new}
        aws("ssm").put_parameter(Name=made.id, **own, Overwrite=True)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("ssm").delete_parameter(Name=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        try:
            found = aws("ssm").get_parameter(Name=made.id)["Parameter"]
        except aws("ssm").exceptions.ParameterNotFound:
            return None
        return {key: found[key] for key in ("Value", "Type") if key in p}


class Alarm(Kind):
    """AWS::CloudWatch::Alarm."""

    _own = (
        *("AlarmDescription", "MetricName", "Namespace", "Dimensions", "Statistic", "Period", "EvaluationPeriods"),
        *("Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions", "OKActions", "DatapointsToAlarm"),
    )
    properties = frozenset({"AlarmName", "Tags", *_own})
    importable = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("AlarmName", name)
        self._put(aws, called, p)
        return Made(called, self.given(aws, called))

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        return {"Arn": aws.arn("cloudwatch", f"alarm:{id}")}

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        self._put(aws, made.id, new)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("cloudwatch").delete_alarms(AlarmNames=[made.id])

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = aws("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"]
        if not found:
            return None
        shape = input_of("cloudwatch", "put_metric_alarm")
        declared = {key: argument(shape.members[key], p[key], {}) for key in self._own if key in p}
        # A template may write a number as text.
        return {key: p[key] if found[0].get(key) == value else found[0].get(key) for key, value in declared.items()}

    def _put(self, aws: Clients, name: str, p: Properties) -> None:
        shape = input_of("cloudwatch", "put_metric_alarm")
        own = {key: argument(shape.members[key], p[key], {}) for key in self._own if key in p}
        aws("cloudwatch").put_metric_alarm(AlarmName=name, **own, Tags=as_list(tags_of(aws, p)))


def _plan(p: Properties) -> dict[str, Any]:
    declared = p["BackupPlan"]
    names = {"TargetBackupVault": "TargetBackupVaultName"}
    return {
        "BackupPlanName": declared["BackupPlanName"],
        "Rules": [_spelt(rule, names) for rule in declared["BackupPlanRule"]],
    }


def _spelt(rule: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in rule.items()}
