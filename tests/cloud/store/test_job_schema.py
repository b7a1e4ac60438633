from pathlib import Path

from procrastinate.schema import SchemaManager

# The package's newest migration that our schema holds: raise it together with a new file in migrations/common.
NEWEST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


def test_our_schema_is_that_of_the_installed_procrastinate() -> None:
    """After an upgrade: put what is new in the package's sql/migrations into a migration of ours, then raise NEWEST."""
    files = sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert files[-1] == NEWEST
