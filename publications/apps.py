from django.apps import AppConfig


class PublicationsConfig(AppConfig):
    name = "publications"

    def ready(self):
        from publications.count_for_segments import count_for_segments

        count_for_segments()
