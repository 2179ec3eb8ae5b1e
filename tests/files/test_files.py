import base64
import hashlib
import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from chalicelib import aws, settings
from chalicelib.files import actions, inspection, rules
from tests.support import resources
from tests.support.api import deliver
from tests.support.market import PDF, PNG, ZIP, arrive, ok


def promise(content=PNG, **other):
    return {
        'purpose': 'delivery',
        'filename': 'logo.png',
        'content_type': 'image/png',
        'size_bytes': len(content),
        'sha256': hashlib.sha256(content).hexdigest(),
    } | other


def objects():
    listed = aws.client('s3').list_objects_v2(Bucket=settings.FILES_BUCKET)
    return [found['Key'] for found in listed.get('Contents', [])]


def test_an_upload_is_checked_and_put_where_it_can_no_longer_change(seller):
    announced = ok(seller.post('/files', promise()), 201)
    file_id = announced['id']
    assert (announced['file']['state'], announced['file']['download_url']) == ('pending', None)
    form = announced['upload']
    assert form['fields']['key'] == f'incoming/{file_id}'
    assert form['fields']['Content-Type'] == 'image/png'
    arrive(file_id, PNG)
    actions.inspect(f'incoming/{file_id}')
    file = ok(seller.get(f'/files/{file_id}'))
    assert file['state'] == 'ready'
    assert f'/files/{file_id}?' in file['download_url']
    assert 'response-content-disposition=attachment' in file['download_url'].lower().replace('%3b', ';')
    assert objects() == [f'files/{file_id}']


def test_the_form_takes_only_what_was_announced(seller):
    form = ok(seller.post('/files', promise()), 201)['upload']
    policy = json.loads(base64.b64decode(form['fields']['policy']))
    assert ['content-length-range', len(PNG), len(PNG)] in policy['conditions']
    assert {'Content-Type': 'image/png'} in policy['conditions']
    assert {'key': form['fields']['key']} in policy['conditions']


@pytest.mark.parametrize(
    ('arrived', 'broken'),
    [
        (PNG + b'\0', 'size'),
        (PNG[:-1], 'size'),
        (b'', 'size'),
        (b'<script>'.ljust(len(PNG), b' '), 'content_type'),
        (PDF[: len(PNG)].ljust(len(PNG), b'\0'), 'content_type'),
        (PNG[:-1] + b'\1', 'sha256'),
    ],
)
def test_an_upload_that_breaks_a_promise_is_rejected_and_removed(seller, arrived, broken):
    file_id = ok(seller.post('/files', promise()), 201)['id']
    arrive(file_id, arrived)
    actions.inspect(f'incoming/{file_id}')
    file = ok(seller.get(f'/files/{file_id}'))
    assert (file['state'], file['rejected_because'], file['download_url']) == ('rejected', broken, None)
    assert objects() == []


def test_what_arrives_after_a_file_is_settled_changes_nothing(seller):
    file_id = ok(seller.post('/files', promise()), 201)['id']
    arrive(file_id, PNG)
    actions.inspect(f'incoming/{file_id}')
    arrive(file_id, PNG[:-1] + b'\1')
    actions.inspect(f'incoming/{file_id}')
    actions.inspect(f'incoming/{file_id}')
    assert ok(seller.get(f'/files/{file_id}'))['state'] == 'ready'
    stored = aws.client('s3').get_object(Bucket=settings.FILES_BUCKET, Key=f'files/{file_id}')['Body'].read()
    assert stored == PNG
    assert objects() == [f'files/{file_id}']


def test_what_nobody_announced_is_removed():
    arrive('fil_01ARZ3NDEKTSV4RRFFQ69G5FAV', PNG)
    actions.inspect('incoming/fil_01ARZ3NDEKTSV4RRFFQ69G5FAV')
    assert objects() == []


def test_a_notice_of_something_already_gone_is_done(seller):
    file_id = ok(seller.post('/files', promise()), 201)['id']
    actions.inspect(f'incoming/{file_id}')
    assert ok(seller.get(f'/files/{file_id}'))['state'] == 'pending'


def test_notices_come_in_batches_with_test_messages_and_garbage_among_them(seller):
    file_id = ok(seller.post('/files', promise()), 201)['id']
    arrive(file_id, PNG)
    notice = {'Records': [{'s3': {'object': {'key': f'incoming%2F{file_id}'}}}]}
    assert deliver('inspect_files', {'Event': 's3:TestEvent'}, 'garbage', notice, [1], notice) == []
    assert ok(seller.get(f'/files/{file_id}'))['state'] == 'ready'
    assert resources.messages('dead-letters') == ['garbage', '[1]']


@pytest.mark.parametrize(
    ('wrong', 'pointer'),
    [
        ({'filename': '../../etc/passwd.png'}, '#/filename'),
        ({'filename': 'a\\b.png'}, '#/filename'),
        ({'filename': '.png'}, '#/filename'),
        ({'filename': 'a\0.png'}, '#/filename'),
        ({'filename': 'a\n.png'}, '#/filename'),
        ({'filename': 'gpj.\u202epng'}, '#/filename'),
        ({'filename': 'logo.exe'}, '#/filename'),
        ({'filename': 'logo'}, '#/filename'),
        ({'filename': 'x' * 252 + '.png'}, '#/filename'),
        ({'filename': ''}, '#/filename'),
        ({'content_type': 'text/html', 'filename': 'a.html'}, '#/content_type'),
        ({'content_type': 'image/svg+xml', 'filename': 'a.svg'}, '#/content_type'),
        ({'size_bytes': 0}, '#/size_bytes'),
        ({'size_bytes': 100 * 1024 * 1024 + 1}, '#/size_bytes'),
        ({'sha256': 'x' * 64}, '#/sha256'),
        ({'sha256': 'A' * 64}, '#/sha256'),
        ({'purpose': 'anything'}, '#/purpose'),
        ({'purpose': 'gallery', 'content_type': 'application/zip', 'filename': 'a.zip'}, '#/content_type'),
        ({'purpose': 'gallery', 'size_bytes': 10 * 1024 * 1024 + 1}, '#/size_bytes'),
        ({'key': 'files/x'}, '#/key'),
    ],
)
def test_what_may_not_be_uploaded_is_not_announced(seller, wrong, pointer):
    answer = seller.post('/files', promise(**wrong))
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert all(row.get('row') != 'file' for row in resources.rows(settings.MARKET_TABLE))


@pytest.mark.parametrize('name', ['Übersicht.png', 'ロゴ.png', 'logo "final" (2).png', "it's; a.png", 'a.b.PNG'])
def test_a_filename_is_shown_as_it_was_given(seller, name):
    file_id = ok(seller.post('/files', promise(filename=name)), 201)['id']
    arrive(file_id, PNG)
    actions.inspect(f'incoming/{file_id}')
    file = ok(seller.get(f'/files/{file_id}'))
    assert file['filename'] == name
    disposition = parse_qs(urlsplit(file['download_url']).query)['response-content-disposition'][0]
    assert disposition == f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def test_a_gallery_file_is_everybodys_once_it_is_ready(seller, nobody, buyer):
    file_id = ok(seller.post('/files', promise(purpose='gallery')), 201)['id']
    assert nobody.get(f'/files/{file_id}').status == 404
    arrive(file_id, PNG)
    actions.inspect(f'incoming/{file_id}')
    assert ok(nobody.get(f'/files/{file_id}'))['state'] == ok(buyer.get(f'/files/{file_id}'))['state'] == 'ready'
    assert objects() == [f'media/{file_id}']


def test_other_files_are_their_owners_and_the_staffs(seller, buyer, nobody, support):
    file_id = ok(seller.post('/files', promise()), 201)['id']
    assert [who.get(f'/files/{file_id}').status for who in (seller, support, buyer, nobody)] == [200, 200, 404, 404]


def test_a_file_that_never_comes_is_forgotten_after_a_day(seller, clock):
    file_id = ok(seller.post('/files', promise()), 201)['id']
    row = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('id') == file_id)
    assert row['expires_at'] - 1795507200 == 24 * 3600
    arrive(file_id, PNG)
    actions.inspect(f'incoming/{file_id}')
    row = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('id') == file_id)
    assert 'expires_at' not in row


@pytest.mark.no_aws
@pytest.mark.parametrize(
    ('content_type', 'head'),
    [
        ('image/png', PNG),
        ('image/jpeg', b'\xff\xd8\xff\xe0\x00\x10JFIF\0' + b'\0' * 40),
        ('image/gif', b'GIF89a' + b'\0' * 40),
        ('image/webp', b'RIFF\x24\0\0\0WEBPVP8 ' + b'\0' * 40),
        ('video/mp4', b'\0\0\0\x20ftypisom\0\0\2\0isomiso2' + b'\0' * 40),
        ('audio/mpeg', b'ID3\x04' + b'\0' * 40),
        ('application/pdf', PDF),
        ('application/zip', ZIP),
        ('application/vnd.openxmlformats-officedocument.wordprocessingml.document', ZIP),
        ('text/plain', 'Café — ok\n'.encode()),
        ('text/plain', ('a' * 8191 + 'é').encode()),
        ('text/csv', b'a;b\n1;2\n'),
    ],
)
def test_every_type_that_is_taken_is_known_by_its_first_bytes(content_type, head):
    promised = {'size_bytes': len(head), 'content_type': content_type, 'sha256': hashlib.sha256(head).hexdigest()}
    assert content_type in rules.EXTENSIONS
    assert inspection.broken_promise([head], promised) is None
    for wrong in (b'<html><script>alert(1)</script>\0', b'\x7fELF\x02\x01\x01' + b'\0' * 40, b'MZ' + b'\0' * 60):
        lie = {'size_bytes': len(wrong), 'content_type': content_type, 'sha256': hashlib.sha256(wrong).hexdigest()}
        assert inspection.broken_promise([wrong], lie) == 'content_type'


@pytest.mark.no_aws
def test_text_cut_in_the_middle_of_a_character_is_still_text():
    text = ('é' * 10_000).encode()
    promised = {'size_bytes': len(text), 'content_type': 'text/plain', 'sha256': hashlib.sha256(text).hexdigest()}
    assert inspection.broken_promise([text[:8191], text[8191:]], promised) is None


@pytest.mark.no_aws
def test_a_large_file_is_read_piece_by_piece():
    pieces = [b'\x89PNG\r\n\x1a\n' + b'\0' * 1000, *[b'x' * 1_000_000] * 20]
    whole = b''.join(pieces)
    promised = {'size_bytes': len(whole), 'content_type': 'image/png', 'sha256': hashlib.sha256(whole).hexdigest()}
    assert inspection.broken_promise(iter(pieces), promised) is None
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b'x' * 1_000_000

    assert inspection.broken_promise(endless(), promised) == 'size'
    assert len(taken) < 30


@pytest.mark.no_aws
def test_text_that_ends_in_the_middle_of_a_character_is_not_text():
    text = b'caf\xc3'
    promised = {'size_bytes': len(text), 'content_type': 'text/plain', 'sha256': hashlib.sha256(text).hexdigest()}
    assert inspection.broken_promise([text], promised) == 'content_type'
