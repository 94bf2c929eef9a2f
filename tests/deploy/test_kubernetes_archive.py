"""The archiver of the write-ahead log, where PostgreSQL lets it be."""

from __future__ import annotations

import pytest

from tests.deploy import manifests
from tests.deploy.manifests import container, find, pod_spec
from tests.deploy.test_kubernetes import text_of

pytestmark = pytest.mark.deploy


def test_archive() -> None:
    """One archives, into a volume that is kept, with the image, the role and the secrets of the nightly backup, which then
    makes base backups to replay onto. Without the component nothing of it is there."""
    assert not [each for each in manifests.objects(text_of("production")) if each["kind"] == "StatefulSet"]
    found = manifests.objects(text_of("archive"))
    archive, nightly = find(found, "StatefulSet", "gazette-archive")["spec"], find(found, "CronJob", "gazette-backup")
    pod, backup = archive["template"]["spec"], pod_spec(nightly)
    assert backup
    assert archive["replicas"] == 1
    assert set(archive["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert pod["serviceAccountName"] == backup["serviceAccountName"]
    one, other = container(pod, "archive"), container(backup, "backup")
    assert (one["image"], one["args"]) == (other["image"], ["backup", "wal"])
    secrets = [[each for each in given["env"] if "valueFrom" in each] for given in (one, other)]
    assert secrets[0] == secrets[1]
    assert {each["name"]: each["value"] for each in other["env"] if "value" in each} == {"BACKUP_PHYSICAL": "true"}
    (folder,) = [each["value"] for each in one["env"] if each["name"] == "BACKUP_WAL_DIRECTORY"]
    (claim,) = archive["volumeClaimTemplates"]
    (mount,) = [each["mountPath"] for each in one["volumeMounts"] if each["name"] == claim["metadata"]["name"]]
    assert folder.startswith(f"{mount}/")
