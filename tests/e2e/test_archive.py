"""The archive has what is only imported late: packaging leaves out much of Stripe's SDK, of the fonts' and of others."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.build.package import OUT
from infra.local.stack import Stack
from tests.support import provider_secrets
from tests.support.fake_psp import FakePsp

STRIPE = """
from chalicelib import clock
from chalicelib.money import Money
from chalicelib.payments import credentials
from chalicelib.payments.stripe.provider import Stripe

credentials.find = lambda name: credentials.Credentials('sk_test_key', ())
box, paid = Stripe(), Money(5_000, 'USD')
charged = box.create_payment('pay_1', paid, 'pm_card_visa', expires_at=clock.now_ms())
refunded = box.refund('ref_1', 'pay_1', Money(1_000, 'USD'), charged.ref)
sent = box.create_payout('out_1', Money(2_000, 'USD'), 'acct_good')
lines = list(box.movements(clock.now_ms() - clock.DAY, clock.now_ms() + clock.DAY))
found = box.find_payment('pay_1', charged.ref), box.find_refund('ref_1', refunded.ref), box.find_payout('out_1', sent.ref)
print(*(one.status.value for one in (charged, refunded, sent, *found)), box.find_chargeback('dp_1'), len(lines))
"""
INVOICE = """
import sys
from chalicelib.invoices.pdf import drawn
from chalicelib.invoices.sheets import Row, Sheet

sheet = Sheet('Invoice', 'INV-1', 0, 'id', (('Pembeli', 'Ayu Łukasz'),), (Row('Logo', 'Rp 50.000'),), 'Lunas.')
sys.stdout.buffer.write(drawn(sheet))
"""


@pytest.fixture(scope='module')
def shipped(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp('shipped')
    with zipfile.ZipFile(OUT / 'local' / 'deployment.zip') as archive:
        archive.extractall(tree)
    return tree


@pytest.fixture
def psp() -> Iterator[FakePsp]:
    made = FakePsp(provider_secrets.KEYS, provider_secrets.SECRETS)
    yield made
    made.stop()


def said(tree: Path, code: str, **environment: str) -> bytes:
    """By this code, with nothing but the standard library and the archive on its path."""
    around = {'PATH': os.environ['PATH'], 'PYTHONPATH': str(tree), 'AWS_REGION': 'us-east-1', 'STAGE': 'dev', **environment}
    ran = subprocess.run([sys.executable, '-S', '-P', '-c', code], env=around, check=False, capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


def test_it_speaks_to_stripe(shipped: Path, psp: FakePsp):
    assert said(shipped, STRIPE, STRIPE_API=psp.url).split() == [b'succeeded'] * 6 + [b'None', b'3']


def test_it_draws_invoices(shipped: Path):
    assert said(shipped, INVOICE).startswith(b'%PDF-')
