"""Objects that are as they should be without being there, or without being bound: ended Jobs, and waiting claims."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan
from tests.platforms.kustomizations import Releases, config_map, in_own_namespace
from tests.servers import clusters
from tests.servers.clusters import Cluster

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {{name: migrate}}
spec:
  ttlSecondsAfterFinished: {ttl}
  backoffLimit: 0
  template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: "shop/migrate:{tag}"}}]}}}}
"""
CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: {name}}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: {mode}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: {name}, resources: {{requests: {{storage: 1Gi}}}}}}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Releases:
    """Releases in a namespace of the test's own."""
    return in_own_namespace(cluster, tmp_path)


def job(tag: str = "1.0.0", ttl: int = 1) -> str:
    return JOB.format(tag=tag, ttl=ttl)


def await_removal(shop: Releases) -> None:
    shop.cluster.kubectl("wait", "--for=delete", "job/migrate", "-n", shop.namespace, "--timeout=60s")


def actions(plan: Plan) -> dict[str, Action]:
    return {change.address.rpartition("/")[2]: change.action for change in plan.changes}


def test_a_job_that_the_cluster_removed_once_it_had_ended_is_no_drift_and_does_not_run_again(shop: Releases) -> None:
    target = shop.target("a", "app", job(), config_map("one"))
    receipt = shop.applied(target)
    await_removal(shop)
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    assert shop.engine(target).detect_drift(receipt).empty
    assert shop.planned(target).empty
    plan = shop.planned(shop.target("b", "app", job(), config_map("one", a="2")))
    assert actions(plan) == {"one": Action.UPDATE}
    assert f"Job/{shop.namespace}/migrate has ended and was removed by the cluster" in " ".join(plan.warnings)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.names("job") == []
    assert shop.planned(plan.target).empty


def test_a_job_runs_again_once_a_release_changes_it(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", job()))
    await_removal(shop)
    plan = shop.planned(shop.target("b", "app", job("2.0.0", ttl=100)))
    assert actions(plan) == {"migrate": Action.CREATE}
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.object("job/migrate")["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/migrate:2.0.0"


def test_a_rollback_runs_no_ended_job_again_and_removes_that_of_the_failed_release(shop: Releases) -> None:
    good = shop.applied(shop.target("a", "app", job()))
    await_removal(shop)
    failed = shop.target("b", "app", job("2.0.0", ttl=100))
    assert shop.apply(shop.planned(failed)).outcome is Outcome.SUCCEEDED
    back = shop.rollback(failed, good)
    assert back is not None
    assert actions(back) == {"migrate": Action.DELETE}
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert shop.names("job") == []
    assert shop.engine(good.target).verify().outcome is Outcome.SUCCEEDED


def test_a_job_that_is_removed_at_once_is_judged_by_what_its_events_say(shop: Releases) -> None:
    assert shop.apply(shop.planned(shop.target("a", "good", job(ttl=0)))).outcome is Outcome.SUCCEEDED
    await_removal(shop)
    late = job(ttl=0).replace("migrate}", "late}").replace("backoffLimit: 0", "activeDeadlineSeconds: 1")
    applied = shop.apply(shop.planned(shop.target("b", "late", late.replace("1.0.0", "broken-pull"))))
    assert applied.outcome is Outcome.FAILED
    assert "DeadlineExceeded: Job was active longer than specified deadline" in applied.detail


def test_a_job_that_somebody_removed_before_its_time_is_created_again_if_it_never_ran_for_us(shop: Releases) -> None:
    target = shop.target("a", "app", job(ttl=100))
    shop.applied(target)
    shop.receipts.clear()
    shop.cluster.kubectl("delete", "job/migrate", "-n", shop.namespace)
    assert actions(shop.planned(target)) == {"migrate": Action.CREATE}


def test_a_claim_that_waits_for_its_first_pod_is_ready(shop: Releases) -> None:
    name = shop.namespace
    target = shop.target("a", "app", CLASS.format(name=name, mode="WaitForFirstConsumer"), CLAIM.format(name=name))
    try:
        assert shop.apply(shop.planned(target)).outcome is Outcome.SUCCEEDED
        assert shop.object("persistentvolumeclaim/data")["status"]["phase"] == "Pending"
        assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    finally:
        shop.cluster.kubectl("delete", "storageclass", name)
