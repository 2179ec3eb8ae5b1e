"""What of a stage is deleted with its data; the whole of it is tried on the local stack."""

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.build import destroy


class Locked:
    """A bucket in which something is that nobody can delete."""

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        return []

    def delete_bucket(self, **_):
        raise ClientError({'Error': {'Code': self.code}}, 'DeleteBucket')


@pytest.mark.no_aws
@pytest.mark.parametrize('code', ['BucketNotEmpty', 'AccessDenied'])
def test_a_bucket_of_locked_seals_is_kept_and_that_is_said(monkeypatch, code):
    bucket = Locked()
    bucket.code = code
    monkeypatch.setattr(boto3, 'client', lambda _: bucket)
    if code == 'BucketNotEmpty':
        assert destroy._delete('AWS::S3::Bucket', 'seals') is False
    else:
        with pytest.raises(ClientError):
            destroy._delete('AWS::S3::Bucket', 'seals')


def test_another_bucket_is_deleted():
    boto3.client('s3').create_bucket(Bucket='gigmarket-empty')
    assert destroy._delete('AWS::S3::Bucket', 'gigmarket-empty') is True
