from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "publications.dashboard"

    def ready(self) -> None:
        from publications.redemptions.count_for_segments import count_for_segments  # noqa: PLC0415 - it needs the models

        count_for_segments()
