"""Prepares an account for Terraform: creates the bucket of states and the two roles.

They are created through boto3, because Terraform cannot run without them, with administrator credentials of the
account itself. Each setting is read first and written only if it differs (`settings`), so a second run changes
nothing; nothing is ever removed. The permissions of the roles are data (`policies`). Missing buckets and lock tables
that units name in their backends are created too (`backends`).
"""

from tasks.bootstrap.account import bootstrap
from tasks.bootstrap.buckets import state_bucket
from tasks.bootstrap.settings import AppliedSetting

__all__ = ["AppliedSetting", "bootstrap", "state_bucket"]
