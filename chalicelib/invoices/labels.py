"""What stands on an invoice, in English and in Indonesian. Pure."""

from collections.abc import Sequence
from typing import Literal

Language = Literal['en', 'id']

_LABELS: dict[str, tuple[str, str]] = {
    'order_invoice': ('Invoice', 'Faktur'),
    'fee_invoice': ('Commission invoice', 'Faktur komisi'),
    'payout_invoice': ('Payout statement', 'Bukti pencairan'),
    'number': ('Number', 'Nomor'),
    'date': ('Date', 'Tanggal'),
    'buyer': ('Buyer', 'Pembeli'),
    'seller': ('Seller', 'Penjual'),
    'order': ('Order', 'Pesanan'),
    'work': ('Work', 'Pekerjaan'),
    'payout': ('Payout', 'Pencairan'),
    'destination': ('Sent to', 'Dikirim ke'),
    'fast_delivery': ('Fast delivery', 'Pengiriman cepat'),
    'extra_revisions': ('Extra revisions', 'Revisi tambahan'),
    'service_fee': ('Service fee', 'Biaya layanan'),
    'base': ('Base: the service fee, {amount}', 'Dasar pengenaan: biaya layanan, {amount}'),
    'share': ('{rate} of {amount}', '{rate} dari {amount}'),
    'total': ('Total', 'Jumlah'),
    'paid': ('Paid on {day}', 'Dibayar pada {day}'),
    'credit_used': ('Of which from your credit: {amount}', 'Termasuk dari saldo Anda: {amount}'),
    'refund': ('Refund of {day}', 'Pengembalian dana {day}'),
    'refund_parts': (
        'Price {price}, service fee {fee}, tax {tax}',
        'Harga {price}, biaya layanan {fee}, pajak {tax}',
    ),
    'after_refunds': ('Paid, less refunds', 'Dibayar, dikurangi pengembalian dana'),
    'commission': ('Commission', 'Komisi'),
    'price': ('Price of the work', 'Harga pekerjaan'),
    'you_receive': ('You receive', 'Anda terima'),
    'commission_refund': ('Commission given back with the refund of {day}', 'Komisi dikembalikan, pengembalian dana {day}'),
    'earned_refund': ('Taken back with the refund of {day}', 'Ditarik kembali, pengembalian dana {day}'),
    'commission_tip': ('Commission on the tip of {day}', 'Komisi atas tip {day}'),
    'earned_tip': ('Tip of {day}, less the commission', 'Tip {day}, dikurangi komisi'),
    'commission_in_all': ('Commission in all', 'Jumlah komisi'),
    'earned_in_all': ('You receive in all', 'Jumlah yang Anda terima'),
    'taken': ('Taken from your balance', 'Diambil dari saldo Anda'),
    'payout_fee': ('Payout fee', 'Biaya pencairan'),
    'sent': ('Sent to your bank', 'Dikirim ke bank Anda'),
    'note': (
        'Every figure is one of the postings of the ledger. Days are in UTC.',
        'Setiap angka berasal dari pembukuan. Tanggal menurut UTC.',
    ),
}


def label(language: Language, name: str, **values: str) -> str:
    english, indonesian = _LABELS[name]
    return (indonesian if language == 'id' else english).format(**values)


def spoken(languages: Sequence[str]) -> Language:
    """The language of an invoice for somebody whose profile names these, the first of them first."""
    return 'id' if languages and languages[0].partition('-')[0] == 'id' else 'en'


def rate(language: Language, bps: int) -> str:
    """Hundredths of a percent as people read them: 5.5 %."""
    text = f'{bps / 100:g} %'
    return text.replace('.', ',') if language == 'id' else text
