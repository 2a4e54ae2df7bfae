"""What granian serves. WSGI, since the views are synchronous: under ASGI they were measured ten times slower."""

import os
import signal

from django.core.wsgi import get_wsgi_application

from config.runtime.die_with_parent import die_with_parent

# A worker process whose granian was killed outright would go on holding the port, beside the next one's workers.
die_with_parent(signal.SIGKILL)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
