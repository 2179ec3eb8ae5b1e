"""Deletes a stage. Tables, files and accounts are kept, unless it is told to delete them as well.

Usage: python -m infra.build.destroy STAGE [delete]
"""

import sys
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.build.deploy import stack_name

KEPT = {'AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::Cognito::UserPool'}


def destroy(stage: str, *, with_data: bool) -> None:
    cfn, stack = boto3.client('cloudformation'), stack_name(stage)
    resources = [
        resource
        for resource in cfn.describe_stack_resources(StackName=stack)['StackResources']
        if resource['ResourceStatus'] != 'DELETE_COMPLETE' and 'PhysicalResourceId' in resource
    ]
    by_name = {resource['LogicalResourceId']: resource['PhysicalResourceId'] for resource in resources}
    kept = [resource for resource in resources if resource['ResourceType'] in KEPT and resource['LogicalResourceId'] != 'Site']
    if 'Site' in by_name:
        _empty(by_name['Site'])
    cfn.delete_stack(StackName=stack)
    cfn.get_waiter('stack_delete_complete').wait(StackName=stack)
    print(f'{stack} is deleted')
    for resource in kept:
        kind, name = resource['ResourceType'], resource['PhysicalResourceId']
        is_deleted = with_data and _delete(kind, name)
        print(f'{"deleted" if is_deleted else "kept":8} {kind:22} {name}')


def _delete(kind: str, name: str) -> bool:
    """Whether it is gone. A bucket of seals is not, as long as one of them is locked."""
    match kind:
        case 'AWS::DynamoDB::Table':
            dynamodb = boto3.client('dynamodb')
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter('table_exists').wait(TableName=name)
            dynamodb.delete_table(TableName=name)
        case 'AWS::Cognito::UserPool':
            idp = boto3.client('cognito-idp')
            idp.update_user_pool(UserPoolId=name, DeletionProtection='INACTIVE')
            idp.delete_user_pool(UserPoolId=name)
        case _:
            _empty(name)
            try:
                boto3.client('s3').delete_bucket(Bucket=name)
            except ClientError as error:
                if error.response['Error']['Code'] != 'BucketNotEmpty':
                    raise
                return False
    return True


def _empty(bucket: str) -> None:
    s3 = boto3.client('s3')
    for batch in _versions(s3, bucket):
        s3.delete_objects(Bucket=bucket, Delete={'Objects': batch, 'Quiet': True})


def _versions(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    for page in s3.get_paginator('list_object_versions').paginate(Bucket=bucket):
        found = page.get('Versions', []) + page.get('DeleteMarkers', [])
        if found:
            yield [{'Key': version['Key'], 'VersionId': version['VersionId']} for version in found]


if __name__ == '__main__':
    destroy(sys.argv[1], with_data=sys.argv[2:] == ['delete'])
