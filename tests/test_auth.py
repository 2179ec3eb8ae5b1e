"""Access tokens, looked at by the app itself: the gateway is not there for the local server and the tests."""

import base64
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from chalicelib import auth, settings
from chalicelib.errors import Unauthorized, Unavailable
from tests.support import tokens

SUB = '6b1f3c0e-0000-4000-8000-000000000001'


def b64(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip('=')


@pytest.fixture(autouse=True)
def fresh_keys(monkeypatch):
    monkeypatch.setattr(auth, '_keys', auth._Keys())


def test_an_access_token_tells_who_is_calling():
    caller = auth.caller('Bearer ' + tokens.sign(tokens.claims(SUB, 'admin', 'others')))
    assert caller.user_id.startswith('usr_')
    assert caller.roles == {'admin'}
    assert caller.is_staff
    assert auth.caller(tokens.sign(tokens.claims(SUB))).user_id == caller.user_id, 'the bare token is taken as well'


def test_a_person_keeps_their_id_when_the_process_does_not_remember():
    from chalicelib.users import actions

    first = auth.caller(tokens.sign(tokens.claims(SUB))).user_id
    actions.identify.cache_clear()
    assert auth.caller(tokens.sign(tokens.claims(SUB))).user_id == first


def refused() -> dict[str, str]:
    now = int(time.time())
    good = tokens.claims(SUB)
    signed = tokens.sign(good)
    header, _, signature = signed.split('.')
    public = json.dumps(tokens.KEY.as_dict(private=False))
    return {
        'an ID token': tokens.sign(good | {'token_use': 'id', 'aud': settings.CLIENT_ID}),
        'a token of another client': tokens.sign(good | {'client_id': 'another'}),
        'a token of another pool': tokens.sign(good | {'iss': settings.ISSUER + 'x'}),
        'an expired token': tokens.sign(good | {'exp': now - 61}),
        'a token without expiry': tokens.sign({name: value for name, value in good.items() if name != 'exp'}),
        'a token without a subject': tokens.sign({name: value for name, value in good.items() if name != 'sub'}),
        'a forged signature': tokens.sign(good, tokens.OTHER_KEY),
        'forged claims': f'{header}.{b64(good | {"cognito:groups": ["admin"]})}.{signature}',
        'no algorithm': f'{b64({"alg": "none", "kid": "pool-key"})}.{b64(good)}.',
        'a shared secret': jwt.encode({'alg': 'HS256', 'kid': 'pool-key'}, good, OctKey.import_key(public)),
        'an unknown key': tokens.sign(good, kid='unknown'),
        'a header that is a number': f'{b64(7)}.{b64(good)}.{signature}',
        'a critical header that is a number': f'{b64({"alg": "RS256", "kid": "pool-key", "crit": 5})}.{b64(good)}.{signature}',
        'a key id that is a list': f'{b64({"alg": "RS256", "kid": []})}.{b64(good)}.{signature}',
        'garbage': 'garbage',
        'nearly a token': 'a.b.c',
        'nothing': '',
        'text': 'naïve.töken.é',
    }


@pytest.mark.parametrize('case', refused())
def test_anything_else_is_refused(case):
    with pytest.raises(Unauthorized):
        auth.caller('Bearer ' + refused()[case])


def test_no_header_is_refused():
    with pytest.raises(Unauthorized):
        auth.caller(None)


@pytest.mark.parametrize('published', ['not JSON', '{}', '{"keys": [{"kty": "none"}]}', None])
def test_keys_that_cannot_be_had_are_no_fault_of_the_token(monkeypatch, tmp_path, published):
    path = tmp_path / 'jwks.json'
    if published:
        path.write_text(published)
    monkeypatch.setattr(settings, 'JWKS_URL', path.as_uri())
    monkeypatch.setattr(auth, '_keys', auth._Keys())
    with pytest.raises(Unavailable):
        auth.caller(tokens.sign(tokens.claims(SUB)))


def test_a_rotated_key_is_fetched_once_and_unknown_ones_not_again_within_a_minute(monkeypatch):
    path = tokens.publish(tokens.OTHER_KEY)
    monkeypatch.setattr(settings, 'JWKS_URL', path.as_uri())
    fetches = []
    fetch = auth._Keys._fetch
    monkeypatch.setattr(auth._Keys, '_fetch', lambda keys: (fetches.append(1), fetch(keys))[1])

    rotated = tokens.RSAKey.generate_key(2048, {'kid': 'new-key', 'use': 'sig', 'alg': 'RS256'})
    auth.caller(tokens.sign(tokens.claims(SUB), tokens.OTHER_KEY))
    assert len(fetches) == 1
    path.write_text(json.dumps(tokens.KeySet([tokens.OTHER_KEY, rotated]).as_dict(private=False)))
    auth._keys._fetched_at -= 61
    auth.caller(tokens.sign(tokens.claims(SUB), rotated, kid='new-key'))
    assert len(fetches) == 2
    for _ in range(5):
        with pytest.raises(Unauthorized):
            auth.caller(tokens.sign(tokens.claims(SUB), kid='never-heard-of'))
    assert len(fetches) == 2
