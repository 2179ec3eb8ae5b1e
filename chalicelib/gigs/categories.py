"""What gigs are sorted by: two levels, each named in the languages of the marketplace. Slugs never change."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Name(NamedTuple):
    en: str
    id: str


TAXONOMY: Mapping[tuple[str, Name], Mapping[str, Name]] = MappingProxyType(
    {
        ('graphics-design', Name('Graphics & design', 'Grafis & desain')): {
            'logo-design': Name('Logo design', 'Desain logo'),
            'brand-identity': Name('Brand identity', 'Identitas merek'),
            'illustration': Name('Illustration', 'Ilustrasi'),
            'product-images': Name('Product images', 'Foto & gambar produk'),
            'social-media-design': Name('Social media design', 'Desain media sosial'),
            'presentation-design': Name('Presentation design', 'Desain presentasi'),
        },
        ('digital-marketing', Name('Digital marketing', 'Pemasaran digital')): {
            'social-media-marketing': Name('Social media marketing', 'Pemasaran media sosial'),
            'search-engine-optimization': Name('Search engine optimization', 'Optimasi mesin pencari'),
            'advertising-campaigns': Name('Advertising campaigns', 'Kampanye iklan'),
            'marketplace-management': Name('Online shop management', 'Pengelolaan toko online'),
            'email-marketing': Name('Email marketing', 'Pemasaran email'),
        },
        ('writing-translation', Name('Writing & translation', 'Penulisan & terjemahan')): {
            'articles-blog-posts': Name('Articles & blog posts', 'Artikel & blog'),
            'copywriting': Name('Copywriting', 'Penulisan iklan'),
            'translation': Name('Translation', 'Terjemahan'),
            'proofreading': Name('Proofreading & editing', 'Penyuntingan'),
        },
        ('video-animation', Name('Video & animation', 'Video & animasi')): {
            'video-editing': Name('Video editing', 'Penyuntingan video'),
            'short-video-ads': Name('Short video ads', 'Iklan video pendek'),
            'animation': Name('Animation', 'Animasi'),
        },
        ('music-audio', Name('Music & audio', 'Musik & audio')): {
            'voice-over': Name('Voice over', 'Sulih suara'),
            'audio-editing': Name('Audio editing', 'Penyuntingan audio'),
        },
        ('programming-tech', Name('Programming & tech', 'Pemrograman & teknologi')): {
            'website-development': Name('Website development', 'Pembuatan situs web'),
            'online-shop-development': Name('Online shop development', 'Pembuatan toko online'),
            'mobile-apps': Name('Mobile apps', 'Aplikasi seluler'),
            'bug-fixing': Name('Bug fixing', 'Perbaikan bug'),
        },
        ('business', Name('Business', 'Bisnis')): {
            'virtual-assistant': Name('Virtual assistant', 'Asisten virtual'),
            'customer-service': Name('Customer service', 'Layanan pelanggan'),
            'product-research': Name('Product research', 'Riset produk'),
            'data-entry': Name('Data entry', 'Entri data'),
            'bookkeeping': Name('Bookkeeping', 'Pembukuan'),
        },
        ('digital-products', Name('Digital products', 'Produk digital')): {
            'templates': Name('Templates', 'Templat'),
            'fonts': Name('Fonts', 'Huruf'),
            'photos-footage': Name('Photos & footage', 'Foto & rekaman'),
            'ebooks-courses': Name('E-books & courses', 'Buku digital & kursus'),
        },
    }
)

SLUGS = frozenset(slug for children in TAXONOMY.values() for slug in children)
"""The categories that a gig can be in: those of the second level."""
