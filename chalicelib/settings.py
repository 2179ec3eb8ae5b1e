"""What the deployment tells the code, read once.

Every name has a default so that the app can be imported (to package it, to test it) without a deployment.
"""

import os

STAGE = os.environ.get('STAGE', 'local')
REGION = os.environ.get('AWS_REGION', 'us-east-1')

MARKET_TABLE = os.environ.get('MARKET_TABLE', 'market')
JOURNAL_TABLE = os.environ.get('JOURNAL_TABLE', 'journal')
BALANCES_TABLE = os.environ.get('BALANCES_TABLE', 'balances')
FILES_BUCKET = os.environ.get('FILES_BUCKET', 'files')
SEALS_BUCKET = os.environ.get('SEALS_BUCKET', 'seals')

RELEASE_QUEUE_URL = os.environ.get('RELEASE_QUEUE_URL', 'release')
ORDER_QUEUE_URL = os.environ.get('ORDER_QUEUE_URL', 'orders')
PROVIDER_QUEUE_URL = os.environ.get('PROVIDER_QUEUE_URL', 'provider')
# Of the queue that this very function reads.
DEAD_LETTERS_URL = os.environ.get('DEAD_LETTERS_URL', 'dead-letters')

# Timers are spread over DUE_SHARDS partitions of the due index; the sweep reads those, or DUE_SHARDS_READ of them. Raise both
# at will; lower what is written first, and what is read once the higher shards have drained.
DUE_SHARDS = int(os.environ.get('DUE_SHARDS', '4'))
DUE_SHARDS_READ = max(DUE_SHARDS, int(os.environ.get('DUE_SHARDS_READ', '4')))

# One provider for all currencies, or one for each: USD=stripe,IDR=xendit.
PAYMENT_PROVIDERS = os.environ.get('PAYMENT_PROVIDERS', 'sandbox')
# Where a provider's page sends the buyer back to; empty where no page is used.
PAYMENT_RETURN = os.environ.get('PAYMENT_RETURN', '')
STRIPE_API = os.environ.get('STRIPE_API', 'https://api.stripe.com')
XENDIT_API = os.environ.get('XENDIT_API', 'https://api.xendit.co')

USER_POOL_ID = os.environ.get('USER_POOL_ID', 'us-east-1_gigmarket')
CLIENT_ID = os.environ.get('CLIENT_ID', 'gigmarket')
ISSUER = f'https://cognito-idp.{REGION}.amazonaws.com/{USER_POOL_ID}'
# AWS_ENDPOINT_URL is the SDK's own variable: an emulator sets it in every function, AWS does not.
_COGNITO_URL = os.environ.get('AWS_ENDPOINT_URL', f'https://cognito-idp.{REGION}.amazonaws.com')
JWKS_URL = os.environ.get('JWKS_URL', f'{_COGNITO_URL}/{USER_POOL_ID}/.well-known/jwks.json')
