"""The application itself, for a server of threads. What granian serves is config/asgi.py, which calls it."""

import os
import signal

from django.core.wsgi import get_wsgi_application

from config.processes.die_with_parent import die_with_parent

# A worker process whose granian was killed outright would go on holding the port, beside the next one's workers.
die_with_parent(signal.SIGKILL)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
