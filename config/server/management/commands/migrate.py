"""Django's `migrate`, but nothing is left half done where it is killed (config/postgres/whole_migrations.py)."""

from django.core.management.commands import migrate

from config.postgres.whole_migrations import WholeMigrationExecutor, follow_migrations

# The command knows both by these names of its module, and can be given others in no other way.
migrate.MigrationExecutor = WholeMigrationExecutor  # type: ignore[misc, attr-defined]
migrate.emit_post_migrate_signal = follow_migrations  # type: ignore[attr-defined]


class Command(migrate.Command):
    pass
