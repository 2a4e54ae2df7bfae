from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "config.staff"
    verbose_name = "Settings"

    def ready(self) -> None:
        from config.staff.roles import create_roles  # noqa: PLC0415 - it needs the models
        from config.staff.sign_in.log_sign_ins import log_failed_sign_ins  # noqa: PLC0415 - it needs the models
        from config.staff.sign_in.sessions import note_sign_ins  # noqa: PLC0415 - it needs the models

        note_sign_ins()
        # Permissions exist only after `migrate` has run, so the roles are made by its closing signal.
        log_failed_sign_ins()
        post_migrate.connect(create_roles, sender=self, dispatch_uid="staff.create_roles")


class HandoutAdminConfig(AdminConfig):
    default_site = "config.staff.admin_site.HandoutAdminSite"

    def ready(self) -> None:
        super().ready()
        import config.staff.admin_users  # noqa: F401, PLC0415 - it registers itself once every app's admin is there
