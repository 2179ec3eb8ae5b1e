"""What the people of the demo sell, answer and do."""

from typing import Any

LOGO_GIG: dict[str, Any] = {
    'title': 'I will design a hand-drawn logo',
    'category': 'brand-identity',
    'language': 'en',
    'currency': 'USD',
    'description': 'A logo that works on a stamp, on a parcel and on a screen. You get a short questionnaire, then sketches '
    'within days, then the final files in every format that a printer or a web shop asks for.',
    'tags': ['logo', 'hand drawn'],
    'packages': [
        {
            'tier': 'basic',
            'name': 'Sketch',
            'description': 'One sketch',
            'price_minor': 25_00,
            'delivery_days': 3,
            'revisions': 0,
        },
        {
            'tier': 'standard',
            'name': 'Logo',
            'description': 'Final files',
            'price_minor': 60_00,
            'delivery_days': 5,
            'revisions': 2,
        },
        {
            'tier': 'premium',
            'name': 'Kit',
            'description': 'Logo and guide',
            'price_minor': 150_00,
            'delivery_days': 7,
            'revisions': None,
        },
    ],
    'extras': [
        {'kind': 'fast_delivery', 'id': 'fast', 'price_minor': 15_00, 'delivery_days': 2},
        {'kind': 'custom', 'id': 'card', 'title': 'Business card', 'price_minor': 20_00, 'additional_days': 1},
    ],
    'faq': [{'question': 'Do I own the logo?', 'answer': 'Yes, as soon as the order is completed.'}],
    'requirements': [
        {'kind': 'free_text', 'id': 'brief', 'question': 'What does your shop sell, and to whom?'},
        {'kind': 'multiple_choice', 'id': 'style', 'question': 'Which style?', 'options': ['Geometric', 'Hand-drawn']},
        {'kind': 'file', 'id': 'sketch', 'question': 'Have you drawn anything yet?', 'mandatory': False},
    ],
}
PHOTO_GIG: dict[str, Any] = {
    'title': 'I will edit the photos of your products',
    'category': 'product-images',
    'language': 'en',
    'currency': 'USD',
    'description': 'Clean backgrounds, true colours, and the right size for every marketplace. Send photos from your phone; '
    'the result can be uploaded to your shop without editing it any further.',
    'tags': ['product photos', 'photo editing'],
    'packages': [
        {
            'tier': 'basic',
            'name': 'Fifty photos',
            'description': 'Fifty photos on white',
            'price_minor': 80_00,
            'delivery_days': 3,
            'revisions': 1,
        },
    ],
}
BRIEF = [
    {'kind': 'free_text', 'requirement_id': 'brief', 'text': 'A coffee roastery; friends who care where it comes from.'},
    {'kind': 'multiple_choice', 'requirement_id': 'style', 'choices': ['Hand-drawn']},
]
LOG = [
    'OrderPlaced',
    'PaymentStarted',
    'PaymentFailed',
    'PaymentStarted',
    'PaymentCaptured',
    'RequirementsSubmitted',
    'OrderDelivered',
    'RevisionRequested',
    'OrderDelivered',
    'OrderCompleted',
    'PaymentReleased',
]
PHOTO_JOB: dict[str, Any] = {
    'title': 'Product photos for 40 ceramics',
    'category': 'product-images',
    'language': 'en',
    'currency': 'USD',
    'description': 'Forty bowls and cups, each from two sides on white, cut out, as PNG of 2,000 pixels.',
    'skills': ['product photography', 'retouching'],
    'budget': {'min_minor': 60_00, 'max_minor': 120_00},
    'questions': [{'id': 'light', 'question': 'How do you light glazed ceramics?'}],
}
COVER_LETTER = 'I photograph ceramics every week; here is a set that I made for a pottery in Bandung.'
SIGN_OFFER: dict[str, Any] = {
    'title': 'A catalogue of the ceramics',
    'description': 'Sixteen pages with the photos, ready to print.',
    'category': 'brand-identity',
    'currency': 'USD',
    'price_minor': 150_00,
    'delivery_days': 5,
}
LABELS_CAMPAIGN: dict[str, Any] = {
    'title': 'Read the label on the photo',
    'category': 'data-entry',
    'instructions': 'Open the photo on the page, and write down what the label says.',
    'currency': 'USD',
    'pay_minor': 50,
    'positions': 3,
    'minutes_to_finish': 10,
}
