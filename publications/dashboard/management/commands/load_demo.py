from django.core.management.base import BaseCommand, CommandError

from publications.dashboard.demo.load_demo import NotEmpty, load_demo


class Command(BaseCommand):
    help = "Fills an empty database with demo campaigns, customers and publications."

    def handle(self, **options):
        try:
            load_demo()
        except NotEmpty as problem:
            raise CommandError(str(problem)) from None
