"""Who is calling: a Cognito access token, verified again behind the gateway, and the user it belongs to.

The gateway's authorizer lets only access tokens of our pool in. The local server and the test client verify nothing, so the
app does it as well; and roles are read from the token that was verified here, never from what the gateway passed on.
"""

import json
import time
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from chalice import CognitoUserPoolAuthorizer

from chalicelib import settings
from chalicelib.errors import Unauthorized, Unavailable
from chalicelib.users import actions as users

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

# A method with a scope takes access tokens; this one is in every token that InitiateAuth issues, by password and by SRP.
signed_in = CognitoUserPoolAuthorizer(
    'SignedIn', provider_arns=[cast(str, {'Fn::GetAtt': ['UserPool', 'Arn']})], scopes=['aws.cognito.signin.user.admin']
)
STAFF = frozenset({'support', 'admin'})
_REFETCH_AFTER_S = 60
_LEEWAY_S = 60


class Caller(NamedTuple):
    user_id: str
    roles: frozenset[str] = frozenset()

    @property
    def is_staff(self) -> bool:
        return bool(self.roles & STAFF)


def caller(authorization: str | None) -> Caller:
    if not authorization:
        raise Unauthorized('Send an access token of this marketplace as "Authorization: Bearer ..."')
    scheme, _, token = authorization.strip().partition(' ')
    claims = _verified(token.strip() if scheme.lower() == 'bearer' else authorization)
    return Caller(users.identify(claims['sub']), STAFF & set(claims.get('cognito:groups', ())))


def _verified(token: str) -> dict[str, Any]:
    # joserfc and cryptography are a fifth of a cold start, and only the API function ever gets here.
    from joserfc import errors, jwt  # noqa: PLC0415

    registry = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={'essential': True, 'value': settings.ISSUER},
        exp={'essential': True},
        client_id={'essential': True, 'value': settings.CLIENT_ID},
        token_use={'essential': True, 'value': 'access'},
        sub={'essential': True},
    )
    try:
        try:
            decoded = jwt.decode(token, _keys.current(), algorithms=['RS256'])
        except errors.InvalidKeyIdError:  # the pool may have rotated its keys
            decoded = jwt.decode(token, _keys.refetched(), algorithms=['RS256'])
        registry.validate(decoded.claims)
    except (errors.JoseError, ValueError, TypeError, AttributeError, KeyError) as error:  # whatever a header can be made of
        raise Unauthorized('This access token is not valid here, or no longer; sign in again') from error
    return decoded.claims


class _Keys:
    """The pool's public keys, fetched once, and again at most once a minute when a token names a key we do not have."""

    def __init__(self) -> None:
        self._set: KeySet | None = None
        self._fetched_at = 0.0

    def current(self) -> 'KeySet':
        return self._set or self._fetch()

    def refetched(self) -> 'KeySet':
        if self._set and time.monotonic() - self._fetched_at < _REFETCH_AFTER_S:
            return self._set
        return self._fetch()

    def _fetch(self) -> 'KeySet':
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        try:
            with urllib.request.urlopen(settings.JWKS_URL, timeout=3) as answer:  # noqa: S310 - the pool's own address
                self._set = KeySet.import_key_set(json.load(answer))
        except (OSError, HTTPException, JoseError, ValueError, TypeError, KeyError) as error:
            raise Unavailable('The keys that tokens are checked with cannot be had; try again in a moment') from error
        self._fetched_at = time.monotonic()
        return self._set


_keys = _Keys()
