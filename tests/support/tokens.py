"""A user pool of our own: a key pair, its public half where the app looks for it, and access tokens signed with it."""

import atexit
import json
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

KEY = RSAKey.generate_key(2048, {'kid': 'pool-key', 'use': 'sig', 'alg': 'RS256'})
OTHER_KEY = RSAKey.generate_key(2048, {'kid': 'pool-key', 'use': 'sig', 'alg': 'RS256'})


def publish(*keys: RSAKey) -> Path:
    """Writes a key set that goes away with the process, and returns where."""
    folder = tempfile.TemporaryDirectory(prefix='gigmarket-test-')
    atexit.register(folder.cleanup)
    path = Path(folder.name) / 'jwks.json'
    path.write_text(json.dumps(KeySet(list(keys)).as_dict(private=False)))
    return path


def claims(sub: str, *groups: str, **other: Any) -> dict[str, Any]:
    from chalicelib import settings

    now = int(time.time())
    made = {
        'sub': sub,
        'iss': settings.ISSUER,
        'client_id': settings.CLIENT_ID,
        'token_use': 'access',
        'scope': 'aws.cognito.signin.user.admin',
        'iat': now,
        'exp': now + 900,
        'username': sub,
    }
    return made | ({'cognito:groups': list(groups)} if groups else {}) | other


def sign(payload: dict[str, Any], key: RSAKey = KEY, **header: Any) -> str:
    return jwt.encode({'alg': 'RS256', 'kid': 'pool-key'} | header, payload, key)


@cache
def long_lived(sub: str, *groups: str) -> str:
    """One token per person for all tests; signing is what a test would otherwise spend its time on."""
    return sign(claims(sub, *groups, iat=1_600_000_000, exp=4_102_444_800))
