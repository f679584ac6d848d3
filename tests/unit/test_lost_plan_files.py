"""What an engine saved with its plan may be on another machine, which is gone: then it says so, by `StalePlan`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.domain.errors import StalePlan
from tasks.domain.plan import Plan
from tasks.domain.release import Target
from tasks.engines.ansible import plans as ansible
from tasks.engines.cloudformation import plans as cloudformation
from tasks.engines.elasticsearch import plans as elasticsearch
from tasks.engines.helm import plans as helm
from tasks.engines.kustomize import plans as kustomize
from tasks.engines.packer import plans as packer

READERS = (
    ansible.take,
    ansible.used,
    cloudformation.load,
    elasticsearch.load,
    helm.load,
    kustomize.load,
    packer.load,
)


@pytest.mark.parametrize("read", READERS, ids=lambda each: f"{each.__module__.split('.')[2]}-{each.__name__}")
def test_a_plan_without_its_file_is_stale(read: Callable[[Plan], Any]) -> None:
    with pytest.raises(StalePlan, match="mail in dev at blue"):
        read(Plan(Target("blue", "dev", "mail"), "any", (), "unit", "inputs"))
