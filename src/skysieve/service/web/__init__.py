"""The web application: access, security headers, sessions; it holds the API and the pages."""

from __future__ import annotations
