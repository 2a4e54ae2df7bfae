from django.apps import AppConfig


class PublicationsConfig(AppConfig):
    name = "publications"

    def ready(self):
        from publications.count_for_segments import count_for_segments
        from publications.referrals.tell_referrals import tell_referrals

        count_for_segments()
        tell_referrals()
