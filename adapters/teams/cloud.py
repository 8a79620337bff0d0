"""Where Teams lives: the addresses of one of Microsoft's clouds, and which of them we trust.

Nothing is sent to an address that somebody told us, unless it is one of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

HERE = {"127.0.0.1", "localhost", "::1"}
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud. `services` are the origins of its connectors; `*.` stands for any subdomain."""

    login: str
    metadata: str
    issuer: str
    scope: str
    services: tuple[str, ...]

    def token_url(self, tenant: str) -> str:
        """Return where the bot's own token comes from."""
        return f"{self.login}/{tenant}/oauth2/v2.0/token"

    def trusts(self, url: str) -> bool:
        """Tell whether an address is a connector of this cloud, spelt without any trick."""
        if not url.isascii() or set(url) & set("\\@#?% \t\r\n"):
            return False
        try:
            told = urlsplit(url)
            return any(_is_at(told, urlsplit(origin)) for origin in self.services)
        except ValueError:
            return False


class Loopback(Cloud):
    """This machine, for the development flag and nothing else."""

    def trusts(self, url: str) -> bool:
        """Tell whether an address is on this machine."""
        try:
            return urlsplit(url).scheme == "http" and urlsplit(url).hostname in HERE
        except ValueError:
            return False


def _is_at(told: SplitResult, known: SplitResult) -> bool:
    if (told.scheme, _port(told)) != (known.scheme, _port(known)):
        return False
    host, expected = told.hostname or "", known.hostname or ""
    if expected.startswith("*."):
        return host.endswith(expected[1:])
    return host == expected


def _port(url: SplitResult) -> int | None:
    return url.port or PORTS.get(url.scheme)


PUBLIC = Cloud(
    "https://login.microsoftonline.com",
    "https://login.botframework.com/v1/.well-known/openidconfiguration",
    "https://api.botframework.com",
    "https://api.botframework.com/.default",
    (
        "https://smba.trafficmanager.net",
        "https://*.botframework.com",
        "https://*.teams.microsoft.com",
    ),
)
GOVERNMENT = Cloud(
    "https://login.microsoftonline.us",
    "https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    "https://api.botframework.us",
    "https://api.botframework.us/.default",
    ("https://*.botframework.azure.us", "https://*.teams.microsoft.us"),
)
CHINA = Cloud(
    "https://login.partner.microsoftonline.cn",
    "https://login.botframework.azure.cn/v1/.well-known/openidconfiguration",
    "https://api.botframework.azure.cn",
    "https://api.botframework.azure.cn/.default",
    ("https://*.botframework.azure.cn",),
)
DEVELOPMENT = Loopback("", "", "", "", ())
CLOUDS = {"public": PUBLIC, "government": GOVERNMENT, "china": CHINA}
