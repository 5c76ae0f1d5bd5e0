"""The application of a test's service, clients, users, sessions and tokens: see ``web_client.py``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_PATH = Path(__file__).parents[1] / "web_client.py"
_spec = importlib.util.spec_from_file_location("service_web_client", _PATH)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)

_portal = _module._portal
application, client, client_of, make_token, make_user, new_client, quick_passwords, sign_in = (
    getattr(_module, fixture)
    for fixture in (
        "application",
        "client",
        "client_of",
        "make_token",
        "make_user",
        "new_client",
        "quick_passwords",
        "sign_in",
    )
)
