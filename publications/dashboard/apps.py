from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "publications.dashboard"

    def ready(self):
        from publications.redemptions.count_for_segments import count_for_segments
        from publications.redemptions.queries.summarise_customers import tell_summaries
        from publications.referrals.queries.tell_referrals import tell_referrals

        count_for_segments()
        tell_summaries()
        tell_referrals()
