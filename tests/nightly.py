"""What runs at night, and not for every commit: what takes long, and is about what seldom changes. A commit has 25 minutes."""

FILES = frozenset(
    {
        "auth/test_guessing_offices.py",
        "auth/test_key_rotation.py",
        "auth/test_long_run.py",
        "content/test_bounds.py",
        "content/test_publish_check_bounds.py",
        "devstack/test_slow_clients.py",
        "faults/test_full_disk.py",
        "faults/test_guessing.py",
        "faults/test_schedules.py",
        "files/test_crowds.py",
        "importer/test_interruptions.py",
        "importer/test_memory.py",
        "mail/test_mail_servers.py",
        "metrics/test_tracing.py",
        "recovery/test_archiving.py",
        "recovery/test_dumps.py",
        "system/test_limits.py",
        "test_rates_over_http.py",
        "test_rolling_migration.py",
    }
)
"""Below `tests/`. Each of their tests is marked `soak`."""
