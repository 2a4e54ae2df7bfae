"""All settings, in one file. Values come from the environment; the defaults suit `make run` on one machine."""

import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from csp.constants import NONE, SELF

from config import pages
from config.environment import Environment
from config.postgres.lines import Line
from config.postgres.size_thread_pool import size_thread_pool
from config.server.embedded_postgres import database_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# Everything that Handout keeps on disk: the embedded database, uploads, exports, the secret key.
HANDOUT_DATA = env.folder("HANDOUT_DATA", default=BASE_DIR / "var")


def _kept_secret() -> str:
    """A secret key drawn once and kept in the data folder, so that a restart signs nobody out."""
    path = HANDOUT_DATA / "secret_key"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=HANDOUT_DATA, prefix="secret_key.") as drawn:  # mode 0600
            drawn.write(secrets.token_urlsafe(50))
            drawn.flush()
            os.fsync(drawn.fileno())  # a power cut must not leave the name with an empty file behind it
            with suppress(FileExistsError):  # another process was first: its key holds
                os.link(drawn.name, path)
    return path.read_text()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.sites("CSRF_TRUSTED_ORIGINS")
HTTPS = env.bool("HTTPS", default=False)  # set it behind a proxy that terminates TLS
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # how many of them add to X-Forwarded-For before it comes here
SITE_URL = next(
    iter(env.sites("SITE_URL")), ""
)  # how the outside world calls this server; "" means: as the request did

INSTALLED_APPS = [
    "config.server",
    "config.events",
    "config.staff.apps.StaffConfig",
    "config.alerts",
    "config.api",
    "config.imports",
    "campaigns",
    "campaigns.codes",
    "customers",
    "customers.segments",
    "publications",
    "publications.notes",
    "publications.tallies",
    "publications.redemptions",
    "publications.webhooks",
    "publications.distributions",
    "publications.automation",
    "publications.referrals",
    "publications.funnel",
    "publications.exports",
    "publications.recalls",
    "publications.quarantine",
    "publications.watch",
    "publications.dashboard",
    "config.staff.apps.HandoutAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "django_tables2",
    "django_filters",
    "lucide",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "config.server.health.probes",
    "config.api.cross_origin.cross_origin",
    "config.api.door.door",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.staff.compress_pages.CompressPages",
    "config.staff.private_pages.private_pages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.staff.time_zone.TimeZoneMiddleware",
    "config.staff.require_second_factor.require_second_factor",
    "config.staff.sign_in.sessions.note_use",
    "axes.middleware.AxesMiddleware",
    "config.staff.sign_in.pages.password_turns",
]

ROOT_URLCONF = "config.urls"
ABSOLUTE_URL_OVERRIDES = pages.PAGES  # `thing.get_absolute_url()`
THINGS = pages.THINGS  # what a public id is an id of, by its kind: config/staff/page_of.py
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.frame",
            ],
            "builtins": [
                "config.staff.templatetags.icons",
                "django.contrib.humanize.templatetags.humanize",
                "config.staff.templatetags.handout",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Without DATABASE_URL: the embedded PostgreSQL, reached through its socket below HANDOUT_DATA.
EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
DATABASES = {"default": database_settings(HANDOUT_DATA) if EMBEDDED_DATABASE else env.db("DATABASE_URL")}
# Where reports read their rows: a replica, for whoever has one (docs/scaling.md).
REPORTS_DATABASE = "reports" if env.str("REPORTS_DATABASE_URL", default="") else "default"
if REPORTS_DATABASE != "default":
    DATABASES[REPORTS_DATABASE] = env.db("REPORTS_DATABASE_URL")
# PgBouncer in transaction mode serves the web processes. Whatever needs a session of its own (workers, which listen and keep
# temporary tables; migrations; the lock of a start) is run by manage.py, and goes past it.
POOLED = not EMBEDDED_DATABASE and bool(env.str("WORKER_DATABASE_URL", default=""))
DIRECT = Path(sys.argv[0]).name == "manage.py"
if POOLED and DIRECT:
    DATABASES["default"] = env.db("WORKER_DATABASE_URL")
# A network that forgets a connection says nothing: the kernel asks after 10 seconds without a word, and gives up after 25,
# or when what was sent is not acknowledged for 20. What it cannot notice, config/postgres/lines.py does.
NO_SILENCE = {
    "connect_timeout": 5,  # seconds, for each address
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
for _database in DATABASES.values():
    _database |= {
        "DISABLE_SERVER_SIDE_CURSORS": POOLED and not DIRECT,  # they last longer than a transaction
        "ENGINE": "config.postgres",  # a connection that a restarted database dropped is replaced, not handed to a view
        "OPTIONS": {
            **NO_SILENCE,
            **_database.get("OPTIONS", {}),
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", default=20, least=1),
                "timeout": 10,
                "connection_class": Line,
            },
            "server_side_binding": True,
            # Prepared from the first use; PgBouncer in transaction mode can that from 1.21 on, with max_prepared_statements.
            "prepare_threshold": 1 if env.bool("DATABASE_PREPARE", default=DIRECT or not POOLED) else None,
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
PROCRASTINATE_WORKER_DEFAULTS = {
    "worker_middleware": [size_thread_pool],
    # Asked to stop, a worker tells its jobs at once, and waits for them. One that sends messages then claims no more.
    "shutdown_graceful_timeout": 0,
}
PROCRASTINATE_ON_APP_READY = "config.postgres.queue_connector.use"

# Sign-in
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "config.staff.sign_in.backend.PasswordBackend"]
PASSWORD_HASHERS = ["config.staff.sign_in.password_hasher.TakingTurns"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 7 * 24 * 60 * 60  # of an invitation; a link for a forgotten password ends sooner (links.py)
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
SIGN_IN_FAILURES = env.int("SIGN_IN_FAILURES", default=30, least=5)  # from one address in that time, whatever the names
AXES_RESET_ON_SUCCESS = True
# Attempts while one has to wait neither prolong the wait nor are recorded, for what is recorded would grow for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # nobody would read it
AXES_CLIENT_IP_CALLABLE = "config.staff.sign_in.client_address.client_address"
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
# An attempt is kept with its form, these masked.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "second_factor_code", "second_factor_key"]
AXES_ENABLE_ADMIN = False
SESSION_ENGINE = "config.staff.sign_in.session_store"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "config.staff.sign_in.errors.csrf_failure"

OTP_TOTP_ISSUER = "Handout"  # what the authenticator app calls it

# Security headers
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# Time and language: the database and the API speak UTC; pages speak the project's time zone (its settings page).
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["config.formats"]

# Files
# Who was erased, for whoever restores a backup of before. On several machines a file that they share.
ERASURES_FILE = Path(env.str("ERASURES_FILE", default=str(HANDOUT_DATA / "erasures.csv"))).resolve()
STATIC_URL = "static/"
STATIC_ROOT = HANDOUT_DATA / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": HANDOUT_DATA / "files"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    # Uploads and exports: a folder that all machines share, where web and worker run on several; or another storage.
    "files": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": Path(env.str("FILES_FOLDER", default=str(HANDOUT_DATA / "files"))).resolve(),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
# Free megabytes below which a disk that Handout writes to counts as full: /readyz then answers 503.
LEAST_FREE_MB = env.int("LEAST_FREE_MB", default=200)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # JSON bodies and forms; uploaded files are streamed to disk
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=512 * 1024 * 1024)
# For each user and each API key; see config/imports/limit_uploads.py.
UPLOADS_PER_HOUR = env.int("UPLOADS_PER_HOUR", default=1000, least=1)
UPLOAD_BYTES_PER_HOUR = env.int("UPLOAD_BYTES_PER_HOUR", default=4 * UPLOAD_MAX_BYTES, least=1, most=2**50)
FILE_UPLOAD_HANDLERS = [
    "config.api.limits.upload_limit.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Seconds that a client may stand still while its request is taken in or its answer is sent; see config/asgi.py.
CLIENT_PATIENCE_SECONDS = env.int("CLIENT_PATIENCE_SECONDS", default=20, least=1)

# Mail
# Without EMAIL_URL nothing leaves the house: messages are kept and shown on the page Messages.
EMAIL_IS_SENT = bool(env.str("EMAIL_URL", default=""))
EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"
if EMAIL_IS_SENT:
    vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 20  # seconds that the mail server may take for each of its answers,
EMAIL_ANSWER_TIMEOUT = 600  # and for the one to the message itself (RFC 5321, 4.5.3.2.6)
# Connections to the mail server that each worker may hold, for each run.
EMAIL_CONNECTIONS = env.int("EMAIL_CONNECTIONS", default=4)
# Set by `manage.py run` with its own database: there is one worker for messages, so what was being sent before it
# started is nobody's any more.
SENDING_ALONE = env.bool("SENDING_ALONE", default=False)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="handout@localhost")

# The API
# Codes a minute that a key below `all` may ask for without finding them, at each web process: nobody guesses their way.
API_GUESS_LIMIT = env.int("API_GUESS_LIMIT", default=60)
API_RATE_LIMIT = env.int("API_RATE_LIMIT", default=300_000)  # requests a minute for each key and web process
API_ORIGINS = env.sites("API_ORIGINS")  # of pages that may call it from a browser
API_LOG = env.bool("API_LOG", default=True)  # each call, on the page of its key, for 30 days
EXPRESS_LANE = env.bool("EXPRESS_LANE", default=True)  # calls that publish are served together; see publications/lane

# Webhooks: whether they may be sent to this server's own network, to which the outside world has no way.
WEBHOOKS_MAY_BE_PRIVATE = env.bool("WEBHOOKS_MAY_BE_PRIVATE", default=False)

DJANGO_TABLES2_TEMPLATE = "partials/_table.html"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"routes": {"()": "config.log_routes.RoutesNotPaths"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["routes"]}},
    "root": {"handlers": ["console"], "level": env.level("LOG_LEVEL", default="WARNING")},
    # What axes warns of, config/staff/sign_in/log_sign_ins.py says in one line.
    # Each of its attempts to reach a database that is away is a warning; the request or job that fails says it once.
    "loggers": {"psycopg.pool": {"level": "ERROR"}, "axes": {"level": "ERROR"}},
}
