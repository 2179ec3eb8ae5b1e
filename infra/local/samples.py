"""Real files of real types, made here so that none has to be kept: a picture, a document, an archive."""

import io
import random
import struct
import zipfile
import zlib


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A diagonal gradient of one colour."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            light = 0.55 + 0.45 * (x + y) / (width + height)
            rows += bytes(round(part * light) for part in colour)
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        for kind, data in ((b'IHDR', header), (b'IDAT', zlib.compress(bytes(rows), 9)), (b'IEND', b''))
    )


def pdf(text: str) -> bytes:
    """One A4 page with one line of text."""
    drawing = f'BT /F1 18 Tf 72 760 Td ({text}) Tj ET'.encode('latin-1')
    objects = (
        b'<< /Type /Catalog /Pages 2 0 R >>',
        b'<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        b'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
        b'<< /Length %d >>\nstream\n%s\nendstream' % (len(drawing), drawing),
        b'<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    )
    out, offsets = bytearray(b'%PDF-1.4\n'), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b'%d 0 obj\n%s\nendobj\n' % (number, content)
    start = len(out)
    out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(objects) + 1)
    out += b''.join(b'%010d 00000 n \n' % offset for offset in offsets)
    return bytes(out + b'trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n' % (len(objects) + 1, start))


def archive(megabytes: int, note: str) -> bytes:
    """A ZIP of about that size: a note, and a file that does not compress. Of the same date whenever it is made."""
    out, date = io.BytesIO(), (2026, 11, 24, 0, 0, 0)
    with zipfile.ZipFile(out, 'w') as packed:
        packed.writestr(zipfile.ZipInfo('README.txt', date), note)
        packed.writestr(zipfile.ZipInfo('artwork.bin', date), random.Random(megabytes).randbytes(megabytes * 1024 * 1024))
    return out.getvalue()
