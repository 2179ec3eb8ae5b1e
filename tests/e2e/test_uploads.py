"""Uploads and downloads over real HTTP: what storage refuses, what inspection rejects, and who gets to see a file."""

import base64
import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from infra.local import samples
from infra.local.client import Person, Refused, send_form, wait_for
from tests.support.market import ANSWERS

PNG = samples.png(40, 24, (22, 101, 52))
PDF = samples.pdf('What we sell')
HTML = b'<!doctype html><script>alert(1)</script>'.ljust(len(PNG))
MEGABYTE = 1024 * 1024


@pytest.fixture(scope='module')
def owner(people) -> Person:
    return people.join('owner')


@pytest.fixture(scope='module')
def stranger(people) -> Person:
    return people.join('stranger')


@pytest.fixture
def ticket(owner):
    """A picture that was announced, and the form to upload it with."""
    return owner.announce(PNG, 'delivery', 'picture.png', 'image/png')


@pytest.fixture(scope='module')
def stored(sdk, outputs):
    """The keys in the bucket that contain a text."""

    def keys(text: str) -> list[str]:
        pages = sdk('s3').get_paginator('list_objects_v2').paginate(Bucket=outputs['FilesBucket'])
        return [found['Key'] for page in pages for found in page.get('Contents', ()) if text in found['Key']]

    return keys


def upload(form: dict[str, Any], content: bytes, *, filename: str = 'picture.png', **changed: Any) -> tuple[int, str]:
    """Sends a form; fields that are None are left out. Returns the status and the error's code."""
    fields = {name: value for name, value in (form['fields'] | changed).items() if value is not None}
    answer = httpx.post(form['url'], data=fields, files={'file': (filename, content, 'image/png')}, timeout=60)
    return answer.status_code, answer.text.partition('<Code>')[2].partition('</Code>')[0]


@pytest.mark.parametrize(
    ('content', 'code'),
    [(PNG + b'\0', 'EntityTooLarge'), (PNG[:-1], 'EntityTooSmall'), (b'', 'EntityTooSmall'), (PNG * 99, 'EntityTooLarge')],
    ids=['one byte more', 'one byte less', 'nothing', 'much more'],
)
def test_storage_takes_no_other_size_than_was_announced(owner, ticket, content, code):
    assert upload(ticket['upload'], content) == (400, code)
    assert owner.get(f'/files/{ticket["id"]}')['state'] == 'pending'


@pytest.mark.parametrize(
    'changed',
    [
        {'Content-Type': 'text/html'},
        {'Content-Type': None},
        {'key': 'files/elsewhere'},
        {'key': 'media/elsewhere'},
        {'key': 'incoming/../media/elsewhere'},
        {'key': 'incoming/${filename}'},
        {'acl': 'public-read'},
        {'x-amz-meta-note': 'smuggled'},
        {'success_action_redirect': 'https://example.com/'},
        {'policy': None},
        {'x-amz-signature': '0' * 64},
        {'x-amz-signature': None},
        {'x-amz-security-token': 'somebody else'},
    ],
    ids=lambda changed: ' '.join(f'{name}={value}' for name, value in changed.items())[:50],
)
def test_storage_takes_no_form_that_was_changed(owner, ticket, stored, changed):
    status, _ = upload(ticket['upload'], PNG, **changed)
    assert status in (400, 403)
    assert owner.get(f'/files/{ticket["id"]}')['state'] == 'pending'
    assert stored('elsewhere') == stored(ticket['id']) == []


def test_a_promise_cannot_be_rewritten_in_the_form(ticket, stored):
    """The policy says what may be uploaded; it is signed."""
    form = ticket['upload']
    policy = json.loads(base64.b64decode(form['fields']['policy']))
    policy['conditions'] = [{'bucket': form['url'].rpartition('/')[2]}, ['starts-with', '$key', '']]
    forged = base64.b64encode(json.dumps(policy).encode()).decode()
    assert upload(form, PNG, policy=forged, key='media/elsewhere') == (403, 'SignatureDoesNotMatch')
    assert stored('elsewhere') == []


def test_a_ticket_is_for_its_own_file_and_for_nobody_elses(owner, stranger, ticket):
    own = stranger.announce(PNG, 'delivery', 'picture.png', 'image/png')
    assert upload(own['upload'], PNG, key=ticket['upload']['fields']['key'])[0] == 403
    assert upload(own['upload'], PNG, policy=ticket['upload']['fields']['policy'])[0] == 403
    assert owner.get(f'/files/{ticket["id"]}')['state'] == 'pending'
    with pytest.raises(Refused) as refused:
        stranger.get(f'/files/{ticket["id"]}')
    assert refused.value.status == 404


def test_a_ticket_expires_after_five_minutes(ticket, as_function, outputs):
    """Waiting is shortened: the same form, signed with the same rights, for one second and for sixty."""
    form = ticket['upload']
    policy = json.loads(base64.b64decode(form['fields']['policy']))
    left = datetime.fromisoformat(policy['expiration']) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 300

    own_conditions = [{'Content-Type': 'image/png'}, ['content-length-range', len(PNG), len(PNG)]]
    assert all(condition in policy['conditions'] for condition in own_conditions)

    def sign(seconds: int) -> dict[str, Any]:
        return as_function('APIHandler', 's3').generate_presigned_post(
            outputs['FilesBucket'],
            form['fields']['key'],
            Fields={'Content-Type': 'image/png'},
            Conditions=own_conditions,
            ExpiresIn=seconds,
        )

    late, in_time = sign(1), sign(60)
    time.sleep(2.1)
    assert upload(late, PNG)[0] == 403
    assert upload(in_time, PNG)[0] == 204


@pytest.mark.parametrize(
    ('content', 'filename', 'content_type'),
    [
        (HTML, 'picture.png', 'image/png'),
        (PDF, 'picture.png', 'image/png'),
        (PNG, 'document.pdf', 'application/pdf'),
        (b'MZ\x90\0' + b'\0' * 60, 'work.zip', 'application/zip'),
        (PNG, 'notes.txt', 'text/plain'),
    ],
    ids=['a page as a picture', 'a PDF as a picture', 'a picture as a PDF', 'a program as a ZIP', 'a picture as text'],
)
def test_what_does_not_begin_as_its_type_does_is_rejected(owner, stored, content, filename, content_type):
    announced = owner.announce(content, 'delivery', filename, content_type)
    send_form(announced['upload'], content, filename, content_type)
    assert settled(owner, announced['id']) == ('rejected', 'content_type', None)
    assert stored(announced['id']) == []


def test_what_was_not_announced_is_rejected_though_it_has_the_size_and_the_type(owner, ticket, stored):
    other = PNG[:-1] + b'\0'
    assert upload(ticket['upload'], other)[0] == 204
    assert settled(owner, ticket['id']) == ('rejected', 'sha256', None)
    assert stored(ticket['id']) == []


@pytest.mark.parametrize(
    'filename',
    [
        '../../etc/passwd.png',
        '/etc/passwd.png',
        'a/b.png',
        '..\\..\\a.png',
        '.htaccess.png',
        'a\0.png',
        'a\r\nContent-Type: text/html\r\n.png',
        'gpj.\u202egnp.png',
        'a.html',
        'a.png.html',
        'a',
        '',
        'a' * 256 + '.png',
    ],
    ids=repr,
)
def test_a_filename_is_a_name(owner, filename):
    with pytest.raises(Refused) as refused:
        owner.announce(PNG, 'delivery', filename, 'image/png')
    assert (refused.value.status, refused.value.problem['errors'][0]['pointer']) == (422, '#/filename')


@pytest.mark.parametrize('filename', ['../../media/elsewhere.png', '/elsewhere', '${filename}', 'a"; name="key'], ids=repr)
def test_the_filename_of_the_upload_itself_leads_nowhere(owner, ticket, stored, filename):
    assert upload(ticket['upload'], PNG, filename=filename)[0] == 204
    assert settled(owner, ticket['id'])[0] == 'ready'
    assert stored('elsewhere') == []
    assert stored(ticket['id']) == [f'files/{ticket["id"]}']


def test_a_used_ticket_changes_nothing_any_more(owner, ticket, stored):
    assert upload(ticket['upload'], PNG)[0] == 204
    state, _, url = settled(owner, ticket['id'])
    assert state == 'ready'
    upload(ticket['upload'], HTML)
    wait_for(lambda: stored(f'incoming/{ticket["id"]}'), lambda keys: not keys, 30)
    assert httpx.get(url).content == PNG
    assert owner.get(f'/files/{ticket["id"]}')['state'] == 'ready'


@pytest.mark.parametrize(
    ('size_bytes', 'is_taken'), [(100 * MEGABYTE, True), (100 * MEGABYTE + 1, False), (0, False), (-1, False)]
)
def test_a_file_has_a_hundred_megabytes_at_most(owner, size_bytes, is_taken):
    promise = {
        'purpose': 'delivery',
        'filename': 'work.zip',
        'content_type': 'application/zip',
        'size_bytes': size_bytes,
        'sha256': hashlib.sha256(b'').hexdigest(),
    }
    if is_taken:
        assert owner.post('/files', promise)['file']['size_bytes'] == size_bytes
        return
    with pytest.raises(Refused) as refused:
        owner.post('/files', promise)
    assert (refused.value.status, refused.value.problem['errors'][0]['pointer']) == (422, '#/size_bytes')


def test_a_file_is_shown_to_the_other_side_once_it_is_part_of_their_order(people, stranger):
    deal = people.deal()
    order, brief = deal.paid(), deal.buyer.upload(PDF, 'requirement', 'ringkasan kopi café.pdf', 'application/pdf')
    assert is_hidden_from(deal.seller, brief)
    question = {'kind': 'file', 'requirement_id': 'sketch', 'file_ids': [brief]}
    with pytest.raises(Refused):
        deal.buyer.post(f'/orders/{order["id"]}/requirements', {'answers': [*ANSWERS['answers'], question]})
    assert is_hidden_from(deal.seller, brief), 'An answer to a question that was not asked gives nothing away'

    work = deal.seller.upload(PDF, 'delivery', 'ringkasan kopi café.pdf', 'application/pdf')
    deal.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS)
    assert is_hidden_from(deal.buyer, work)
    deal.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is', 'file_ids': [work]})
    answer = httpx.get(deal.buyer.get(f'/files/{work}')['download_url'])
    assert answer.content == PDF
    assert answer.headers['content-type'] == 'application/pdf'
    assert answer.headers['content-disposition'] == "attachment; filename*=UTF-8''ringkasan%20kopi%20caf%C3%A9.pdf"
    assert is_hidden_from(stranger, work)
    assert is_hidden_from(Person(stranger.http), work)


def test_a_download_link_opens_one_file_for_a_while(owner, ticket, as_function, outputs):
    assert upload(ticket['upload'], PNG)[0] == 204
    url = settled(owner, ticket['id'])[2]
    other = owner.upload(PDF, 'delivery', 'other.pdf', 'application/pdf')
    assert httpx.get(url).status_code == 200
    assert httpx.get(url.replace(ticket['id'], other)).status_code == 403
    assert httpx.get(url.partition('?')[0]).status_code == 403
    assert httpx.get(url.replace('image%2Fpng', 'text%2Fhtml')).status_code == 403
    assert httpx.put(url, content=HTML).status_code == 403

    def link(seconds: int) -> str:
        wanted = {'Bucket': outputs['FilesBucket'], 'Key': f'files/{ticket["id"]}'}
        made: str = as_function('APIHandler', 's3').generate_presigned_url('get_object', Params=wanted, ExpiresIn=seconds)
        return made

    late, in_time = link(1), link(60)
    time.sleep(2.1)
    assert (httpx.get(late).status_code, httpx.get(in_time).status_code) == (403, 200)


def test_a_gallery_is_for_everybody_and_nothing_else_is(owner, market):
    picture = owner.upload(PNG, 'gallery', 'cover.png', 'image/png')
    work = owner.upload(PDF, 'delivery', 'work.pdf', 'application/pdf')
    shown = market.http.get(f'/media/{picture}')
    assert (shown.status_code, shown.headers['content-type'], shown.content) == (200, 'image/png', PNG)
    assert shown.headers['x-content-type-options'] == 'nosniff'
    assert market.nobody.get(f'/files/{picture}')['state'] == 'ready'
    for path in (
        f'/files/{work}',
        f'/media/{work}',
        f'/media/../files/{work}',
        f'/media/%2e%2e/files/{work}',
        '/media/',
        '/media',
    ):
        assert market.http.get(path).status_code in (403, 404), path


def settled(owner: Person, file_id: str) -> tuple[str, str | None, str | None]:
    file = wait_for(lambda: owner.get(f'/files/{file_id}'), lambda seen: seen['state'] != 'pending', 60)
    return file['state'], file['rejected_because'], file['download_url']


def is_hidden_from(who: Person, file_id: str) -> bool:
    try:
        who.get(f'/files/{file_id}')
    except Refused as refused:
        return refused.status == 404
    return False
