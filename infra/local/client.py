"""The marketplace as its users' programs see it: HTTPS endpoints, presigned forms, and Cognito's own endpoint; no SDK."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from ulid import ULID

_TIMEOUT_S = 30


class Refused(Exception):
    """An answer that is a problem."""

    def __init__(self, request: str, answer: httpx.Response) -> None:
        super().__init__(f'{request}: {answer.status_code} {answer.text}')
        self.status = answer.status_code
        self.problem = answer.json() if 'json' in answer.headers.get('content-type', '') else {}


@dataclass
class Person:
    """Somebody who is signed in (or nobody, without a token)."""

    http: httpx.Client
    token: str | None = None
    email: str = ''

    def get(self, path: str, **query: Any) -> Any:
        return self._send('GET', path, params=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self._send('POST', path, body, key=key)

    def patch(self, path: str, body: Any, *, key: str | None = None) -> Any:
        return self._send('PATCH', path, body, key=key)

    def put(self, path: str, body: Any, *, key: str | None = None) -> Any:
        return self._send('PUT', path, body, key=key)

    def delete(self, path: str, *, key: str | None = None) -> Any:
        return self._send('DELETE', path, key=key)

    def upload(self, content: bytes, purpose: str, filename: str, content_type: str, *, key: str | None = None) -> str:
        """Announces a file, uploads it, and waits until it was checked. Returns its id."""
        announced = self.announce(content, purpose, filename, content_type, key=key)
        if announced['file']['state'] == 'pending':
            send_form(announced['upload'], content, filename, content_type)
        file_id: str = self.settled_file(announced['id'])['id']
        return file_id

    def announce(
        self, content: bytes, purpose: str, filename: str, content_type: str, *, key: str | None = None
    ) -> dict[str, Any]:
        promise = {
            'purpose': purpose,
            'filename': filename,
            'content_type': content_type,
            'size_bytes': len(content),
            'sha256': hashlib.sha256(content).hexdigest(),
        }
        announced: dict[str, Any] = self.post('/files', promise, key=key)
        announced['file'] = self.get(f'/files/{announced["id"]}')
        return announced

    def settled_file(self, file_id: str, patience_s: float = 60) -> dict[str, Any]:
        file: dict[str, Any] = wait_for(
            lambda: self.get(f'/files/{file_id}'), lambda file: file['state'] != 'pending', patience_s
        )
        if file['state'] != 'ready':
            raise AssertionError(f'{file["filename"]} was rejected because of its {file["rejected_because"]}')
        return file

    def _send(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, params: dict[str, Any] | None = None
    ) -> Any:
        headers = {'Authorization': f'Bearer {self.token}'} if self.token else {}
        if method != 'GET':
            headers['Idempotency-Key'] = key or str(ULID())
        answer = self.http.request(method, f'/api{path}', json=body, params=params, headers=headers)
        if answer.is_error:
            raise Refused(f'{method} {path}', answer)
        return answer.json() if answer.content else None


@dataclass
class Marketplace:
    """One deployed marketplace, by the address of its front."""

    base_url: str
    http: httpx.Client = field(init=False)
    config: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.base_url, timeout=_TIMEOUT_S)
        self.config = self.http.get('/config.json').raise_for_status().json()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def nobody(self) -> Person:
        return Person(self.http)

    def sign_up(self, email: str, password: str) -> None:
        attributes = [{'Name': 'email', 'Value': email}]
        self._cognito('SignUp', Username=email, Password=password, UserAttributes=attributes)

    def confirm_sign_up(self, email: str, code: str) -> None:
        self._cognito('ConfirmSignUp', Username=email, ConfirmationCode=code)

    def sign_in(self, email: str, password: str) -> Person:
        parameters = {'USERNAME': email, 'PASSWORD': password}
        answer = self._cognito('InitiateAuth', AuthFlow='USER_PASSWORD_AUTH', AuthParameters=parameters)
        return Person(self.http, answer['AuthenticationResult']['AccessToken'], email)

    def _cognito(self, operation: str, **request: Any) -> Any:
        headers = {
            'Content-Type': 'application/x-amz-json-1.1',
            'X-Amz-Target': f'AWSCognitoIdentityProviderService.{operation}',
        }
        body = {'ClientId': self.config['client_id'], **request}
        answer = httpx.post(self.config['cognito_url'], json=body, headers=headers, timeout=_TIMEOUT_S)
        if answer.is_error:
            raise Refused(f'Cognito {operation}', answer)
        return answer.json()


def send_form(form: dict[str, Any], content: bytes, filename: str, content_type: str) -> None:
    files = {'file': (filename, content, content_type)}
    answer = httpx.post(form['url'], data=form['fields'], files=files, timeout=120)
    if answer.is_error:
        raise Refused(f'upload of {filename}', answer)


def wait_for(ask: Any, is_there: Any, patience_s: float) -> Any:
    """Asks again until it is there, or time is up."""
    deadline = time.monotonic() + patience_s
    while not is_there(answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f'It took more than {patience_s:.0f} s; the last answer was {answer}')
        time.sleep(0.25)
    return answer
