"""What every answer tells the browser to refuse."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders

from skysieve.service.settings import WebSettings

__all__ = ["CONTENT_SECURITY_POLICY", "add_security_headers"]

#: Nothing but what this host serves as files: no script, style or frame within a page, none from elsewhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: A year; browsers then refuse to speak to the host without TLS.
_INSIST_ON_TLS = "max-age=31536000"


def add_security_headers(headers: MutableHeaders, web: WebSettings) -> None:
    """Set the headers of an answer; only how long it may be kept is left to the route, if it says so.

    Parameters
    ----------
    headers : MutableHeaders
        Of the answer.
    web : WebSettings
        Whether TLS is spoken in front.
    """
    for name, value in _ALWAYS.items():
        headers[name] = value
    if web.behind_tls:
        headers["Strict-Transport-Security"] = _INSIST_ON_TLS
    headers.setdefault("Cache-Control", "no-store")
