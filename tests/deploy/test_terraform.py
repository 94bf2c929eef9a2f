"""deploy/terraform: formatted, valid, and what it makes, with a provider that asks AWS nothing, is closed, encrypted and
redundant."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "deploy/terraform"
ENVIRONMENTS = ("production", "staging")
pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("terraform")]  # who plans an environment does so once


def terraform(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs terraform, without the settings of whoever runs the test."""
    if not shutil.which("terraform"):
        pytest.skip("needs terraform")
    own = {"TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    command = ["terraform", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=300
    )


def provider() -> list[str]:
    """The option that names a folder with AWS' provider, where an image brings one; else it is fetched."""
    places = [Path(os.environ.get("TF_PLUGIN_DIR", "")), Path("/usr/share/terraform/plugins"), *Path("/opt").glob("*")]
    found = [place for place in places if (place / "registry.terraform.io/hashicorp/aws").is_dir()]
    return [f"-plugin-dir={found[0]}"] if found else []


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, in which terraform may leave what it likes."""
    home = tmp_path_factory.mktemp("terraform")
    shutil.copytree(SOURCE, home / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    return home / "terraform"


def initialised(folder: Path) -> Path:
    done = terraform("init", "-backend=false", "-input=false", "-no-color", *provider(), folder=folder)
    if done.returncode and "could not" in done.stderr.lower() and not provider():
        pytest.skip("AWS' provider cannot be had here")
    assert done.returncode == 0, done.stderr
    return folder


Plan = list[dict[str, Any]]
"""The resources that would be made: `address`, `type`, `values`. What AWS would say of them is made up."""


def planned(folder: Path) -> Plan:
    """Runs an environment's tests, which must pass, and returns what would have been made."""
    done = terraform("test", "-json", "-verbose", folder=initialised(folder))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    said = "\n".join(line["@message"] for line in lines if line.get("@level") == "error")
    assert done.returncode == 0, said + done.stderr
    state = next(line["test_state"] for line in lines if line["type"] == "test_state")
    return [each for each in resources(state["root_module"]) if each["mode"] == "managed"]


def resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


@pytest.fixture(scope="module")
def production(tree: Path) -> Plan:
    return planned(tree / "environments/production")


def of(plan: Plan, kind: str) -> list[dict[str, Any]]:
    found = [each["values"] for each in plan if each["type"] == kind]
    assert found, f"there is no {kind}"
    return found


def test_format() -> None:
    """`terraform fmt` would change nothing."""
    done = terraform("fmt", "-check", "-recursive", "-diff", folder=SOURCE)
    assert done.returncode == 0, done.stdout


def check_nothing_is_open(plan: Plan) -> None:
    """The whole world reaches the load balancer's HTTPS port and nothing else."""
    rules = [each for each in plan if each["type"] == "aws_vpc_security_group_ingress_rule"]
    from_anywhere = [
        each for each in rules if {each["values"]["cidr_ipv4"], each["values"]["cidr_ipv6"]} & {"0.0.0.0/0", "::/0"}
    ]
    (address,) = [each["address"] for each in from_anywhere]
    assert address.endswith("network.aws_vpc_security_group_ingress_rule.https")
    assert from_anywhere[0]["values"]["from_port"] == from_anywhere[0]["values"]["to_port"] == 443
    assert not any(each["type"] in {"aws_security_group_rule", "aws_s3_bucket_acl"} for each in plan)
    assert not any(each["publicly_accessible"] for each in of(plan, "aws_db_instance"))
    assert not any(each["vpc_config"][0]["endpoint_public_access"] for each in of(plan, "aws_eks_cluster"))
    assert not any(each.get("map_public_ip_on_launch") for each in of(plan, "aws_subnet"))


def check_buckets(plan: Plan) -> None:
    """Each bucket is private, versioned and encrypted with our key, refuses what comes without TLS, and is copied elsewhere."""
    buckets = {each["bucket"] for each in of(plan, "aws_s3_bucket")}
    assert len(buckets) == 4
    for kind in ("public_access_block", "versioning", "server_side_encryption_configuration", "policy"):
        assert len(of(plan, f"aws_s3_bucket_{kind}")) == 4, kind
    for block in of(plan, "aws_s3_bucket_public_access_block"):
        names = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        assert all(block[name] for name in names)
    for each in of(plan, "aws_s3_bucket_versioning"):
        assert each["versioning_configuration"][0]["status"] == "Enabled"
    for each in of(plan, "aws_s3_bucket_server_side_encryption_configuration"):
        assert each["rule"][0]["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "aws:kms"
    replications = of(plan, "aws_s3_bucket_replication_configuration")
    assert len(replications) == 2
    assert all(each["rule"][0]["status"] == "Enabled" for each in replications)
    assert len(of(plan, "aws_s3_bucket_lifecycle_configuration")) == 4
    (lock,) = of(plan, "aws_s3_bucket_object_lock_configuration")
    assert lock["rule"][0]["default_retention"][0]["mode"] == "COMPLIANCE"


def check_encryption(plan: Plan) -> None:
    """What keeps or carries data encrypts it."""
    for database in of(plan, "aws_db_instance"):
        assert (database["storage_encrypted"], database["deletion_protection"]) == (True, True)
        assert database["password"] is None
    (cache,) = of(plan, "aws_elasticache_replication_group")
    assert (cache["at_rest_encryption_enabled"], cache["transit_encryption_mode"]) in {(True, "required"), ("true", "required")}
    assert of(plan, "aws_eks_cluster")[0]["encryption_config"][0]["resources"] == ["secrets"]
    assert of(plan, "aws_launch_template")[0]["block_device_mappings"][0]["ebs"][0]["encrypted"] == "true"
    assert of(plan, "aws_launch_template")[0]["metadata_options"][0]["http_tokens"] == "required"
    parameters = {each["name"]: each["value"] for each in of(plan, "aws_db_parameter_group")[0]["parameter"]}
    assert parameters["rds.force_ssl"] == "1"
    (distribution,) = of(plan, "aws_cloudfront_distribution")
    assert distribution["viewer_certificate"][0]["minimum_protocol_version"] == "TLSv1.2_2021"
    behaviours = [*distribution["default_cache_behavior"], *distribution["ordered_cache_behavior"]]
    assert {each["viewer_protocol_policy"] for each in behaviours} == {"https-only", "redirect-to-https"}
    assert all(each["enable_key_rotation"] for each in of(plan, "aws_kms_key"))


def check_secrets(plan: Plan) -> None:
    """Terraform makes places for secrets. It sets the value of one alone, which ElastiCache wants from it."""
    values = [each["address"] for each in plan if each["type"] == "aws_secretsmanager_secret_version"]
    assert values == ["module.gazette.module.cache.aws_secretsmanager_secret_version.auth"]
    named = {each["name"].rpartition("/")[2] for each in of(plan, "aws_secretsmanager_secret")} - {"redis-password"}
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs/secrets.md").read_text()))
    assert named <= documented
    assert {"DATABASE_URL", "JWT_SECRET", "ENCRYPTION_KEY", "BACKUP_ENCRYPTION_KEY"} <= named


def check_rights(plan: Plan) -> None:
    """Nobody may everything: no policy of ours has `*` as its action, and the deployer is of one repository and environment."""
    for role in of(plan, "aws_iam_role_policy"):
        for statement in json.loads(role["policy"])["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any(action.endswith("*") for action in actions)
            assert statement["Resource"] != "*"
    (deployer,) = [each for each in of(plan, "aws_iam_role") if each["name"].endswith("-deployer")]
    (trust,) = json.loads(deployer["assume_role_policy"])["Statement"]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert re.fullmatch(r"repo:example/gazette:environment:(staging|production)", subject)
    associations = of(plan, "aws_eks_access_policy_association")
    assert {each["access_scope"][0]["type"] for each in associations if "Edit" in each["policy_arn"]} == {"namespace"}


@pytest.mark.parametrize("check", [check_nothing_is_open, check_buckets, check_encryption, check_secrets, check_rights])
def test_production(production: Plan, check: Any) -> None:
    """Production is closed, encrypted, copied and narrow."""
    check(production)


def test_production_may_lose_a_zone(production: Plan) -> None:
    """Each zone has a NAT gateway, the database a standby and a replica, Redis two nodes, and backups are in two regions."""
    assert len(of(production, "aws_nat_gateway")) == 3
    databases = of(production, "aws_db_instance")
    (primary,) = [each for each in databases if each["username"] == "gazette_owner" and each["multi_az"]]
    assert (len(databases), primary["backup_retention_period"], primary["skip_final_snapshot"]) == (2, 35, False)
    assert of(production, "aws_db_instance_automated_backups_replication")[0]["retention_period"] == 35
    (cache,) = of(production, "aws_elasticache_replication_group")
    assert (cache["num_cache_clusters"], cache["automatic_failover_enabled"]) == (2, True)
    records = of(production, "aws_route53_record")
    policies = [each["failover_routing_policy"][0]["type"] for each in records if each["failover_routing_policy"]]
    assert sorted(policies) == ["PRIMARY", "PRIMARY", "SECONDARY", "SECONDARY"]


@pytest.mark.heavy
def test_staging(tree: Path) -> None:
    """Staging is smaller, and no less closed."""
    plan = planned(tree / "environments/staging")
    for check in (check_nothing_is_open, check_buckets, check_encryption, check_secrets, check_rights):
        check(plan)
    assert len(of(plan, "aws_nat_gateway")) == len(of(plan, "aws_db_instance")) == 1


@pytest.mark.heavy
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_valid(tree: Path, name: str) -> None:
    """`terraform validate` takes the environment with all its modules."""
    done = terraform("validate", "-no-color", folder=initialised(tree / "environments" / name))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("module", ["cluster", "dns"])
def test_module(tree: Path, module: str) -> None:
    """A module's own tests pass."""
    done = terraform("test", "-no-color", folder=initialised(tree / "modules" / module))
    assert done.returncode == 0, done.stdout + done.stderr


def files() -> Iterator[Path]:
    yield from SOURCE.rglob("*.tf")


def test_nothing_of_somebody() -> None:
    """No account, key or address of anybody stands in the files."""
    text = "\n".join(file.read_text() for file in files())
    assert not re.search(r"\b\d{12}\b|AKIA[0-9A-Z]{16}", text)


def test_every_module_is_used() -> None:
    """What there is is in the stack."""
    used = set(re.findall(r'source\s*=\s*"\.\./(\w+)"', (SOURCE / "modules/stack/main.tf").read_text()))
    assert used == {folder.name for folder in (SOURCE / "modules").iterdir()} - {"stack"}
