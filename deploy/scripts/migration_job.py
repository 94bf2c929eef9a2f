#!/usr/bin/env python3
"""Makes a Job that migrates, of the one that the cluster has: its JSON on standard input, and the new one's on standard output.

    kubectl get job gazette-migrate --output json | migration_job.py NAME IMAGE REVISION

A Job cannot be changed, and what the cluster has added to it (its selector, its labels and its state) may not be given again.
"""

import json
import sys


def migration_job(found: dict, name: str, image: str, revision: str) -> dict:
    """The same Job under another name, with an image and a revision; it is removed an hour after its end."""
    template = found["spec"]["template"]
    labels = {key: value for key, value in template["metadata"].get("labels", {}).items() if not is_the_clusters(key)}
    pod = template["spec"]
    (container,) = pod["containers"]
    container = {**container, "image": image, "args": ["migrate", revision]}
    metadata = {"name": name, "namespace": found["metadata"]["namespace"], "labels": labels}
    kept = {key: found["spec"][key] for key in ("backoffLimit", "activeDeadlineSeconds") if key in found["spec"]}
    spec = {
        **kept,
        "ttlSecondsAfterFinished": 3600,
        "template": {"metadata": {"labels": labels}, "spec": {**pod, "containers": [container]}},
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def is_the_clusters(label: str) -> bool:
    return label.endswith(("controller-uid", "job-name"))


if __name__ == "__main__":
    json.dump(migration_job(json.load(sys.stdin), *sys.argv[1:4]), sys.stdout)
