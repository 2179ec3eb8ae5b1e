"""Brings a stage to what was built: archive and template by change set, then the pages.

Usage: python -m infra.build.deploy STAGE [Parameter=value ...]
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.build import site
from infra.build.package import package

Say = Callable[[str], None]


def stack_name(stage: str) -> str:
    return f'gigmarket-{stage}'


def deploy(stage: str, out: Path, parameters: dict[str, str], say: Say = print) -> dict[str, str]:
    """Deploys with the credentials, region and endpoint of the environment; returns the outputs of the stack."""
    session = boto3.Session()
    bucket = _artifacts_bucket(session)
    url = _upload(session, bucket, out)
    known = json.loads((out / 'template.json').read_text())['Parameters']
    cfn, stack = session.client('cloudformation'), stack_name(stage)
    _clear_away_a_failure(cfn, stack, say)
    _apply(cfn, stack, url, _parameters(cfn, stack, known, parameters), say)
    outputs = describe(stage)
    say('pages')
    _publish_pages(session, stage, outputs)
    return outputs


def describe(stage: str) -> dict[str, str]:
    stack = boto3.client('cloudformation').describe_stacks(StackName=stack_name(stage))['Stacks'][0]
    return {output['OutputKey']: output['OutputValue'] for output in stack['Outputs']}


def _artifacts_bucket(session: boto3.Session) -> str:
    account = session.client('sts').get_caller_identity()['Account']
    s3, bucket = session.client('s3'), f'gigmarket-artifacts-{account}-{session.region_name}'
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response['Error']['Code'] != '404':
            raise
        where = {} if session.region_name == 'us-east-1' else {'LocationConstraint': session.region_name}
        s3.create_bucket(Bucket=bucket, **({'CreateBucketConfiguration': where} if where else {}))
        closed = dict.fromkeys(('BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'), True)
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=closed)
    return bucket


def _upload(session: boto3.Session, bucket: str, out: Path) -> str:
    """Named after their contents, so that the same build is no change."""
    s3 = session.client('s3')
    archive = (out / 'deployment.zip').read_bytes()
    key = f'{hashlib.sha256(archive).hexdigest()}.zip'
    s3.put_object(Bucket=bucket, Key=key, Body=archive)
    template = (out / 'template.json').read_text().replace('./deployment.zip', f's3://{bucket}/{key}').encode()
    template_key = f'{hashlib.sha256(template).hexdigest()}.json'
    s3.put_object(Bucket=bucket, Key=template_key, Body=template)
    return f'{s3.meta.endpoint_url}/{bucket}/{template_key}'


def _parameters(cfn: Any, stack: str, known: Iterable[str], given: dict[str, str]) -> list[dict[str, Any]]:
    """What is not given stays as it was deployed before."""
    if unknown := given.keys() - set(known):
        raise SystemExit(f'There is no parameter {", ".join(sorted(unknown))}; there are {", ".join(sorted(known))}')
    before = set() if _is_new(cfn, stack) else {one['ParameterKey'] for one in _describe(cfn, stack).get('Parameters', ())}
    return [
        *({'ParameterKey': key, 'ParameterValue': value} for key, value in given.items()),
        *({'ParameterKey': key, 'UsePreviousValue': True} for key in sorted(before & set(known) - given.keys())),
    ]


def _apply(cfn: Any, stack: str, template_url: str, parameters: list[dict[str, Any]], say: Say) -> None:
    name = f'change-{time.time_ns() // 1_000_000}'
    cfn.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType='CREATE' if _is_new(cfn, stack) else 'UPDATE',
        TemplateURL=template_url,
        Capabilities=['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'],
        Parameters=parameters,
    )
    say('change set')
    while True:
        change = cfn.describe_change_set(StackName=stack, ChangeSetName=name)
        if change['Status'] in ('CREATE_COMPLETE', 'FAILED'):
            break
        time.sleep(0.5)
    if change['Status'] == 'CREATE_COMPLETE':
        cfn.execute_change_set(StackName=stack, ChangeSetName=name)
    elif 'No updates' not in change['StatusReason'] and "didn't contain changes" not in change['StatusReason']:
        raise SystemExit(f'{stack}: {change["StatusReason"]}')
    say('resources')
    _wait(cfn, stack)


def _clear_away_a_failure(cfn: Any, stack: str, say: Say) -> None:
    """A stack whose first creation failed takes no change. Tables, bucket and accounts that it made are kept, and are empty."""
    if _status(cfn, stack) in ('ROLLBACK_COMPLETE', 'ROLLBACK_FAILED'):
        say('taking the failed first attempt away')
        cfn.delete_stack(StackName=stack)
        cfn.get_waiter('stack_delete_complete').wait(StackName=stack)


def _is_new(cfn: Any, stack: str) -> bool:
    return _status(cfn, stack) in (None, 'REVIEW_IN_PROGRESS', 'DELETE_COMPLETE')


def _describe(cfn: Any, stack: str) -> dict[str, Any]:
    return dict(cfn.describe_stacks(StackName=stack)['Stacks'][0])


def _status(cfn: Any, stack: str) -> str | None:
    try:
        return str(_describe(cfn, stack)['StackStatus'])
    except ClientError as error:
        if error.response['Error']['Code'] != 'ValidationError':
            raise
        return None


def _wait(cfn: Any, stack: str) -> None:
    while True:
        status: str = _describe(cfn, stack)['StackStatus']
        if not status.endswith('IN_PROGRESS'):
            break
        time.sleep(0.5)
    if status not in ('CREATE_COMPLETE', 'UPDATE_COMPLETE'):
        events = cfn.describe_stack_events(StackName=stack)['StackEvents']
        failed = [
            f'{e["LogicalResourceId"]}: {e.get("ResourceStatusReason")}' for e in events if 'FAILED' in e['ResourceStatus']
        ]
        raise SystemExit(f'{stack} is {status}\n' + '\n'.join(failed))


def _publish_pages(session: boto3.Session, stage: str, outputs: dict[str, str]) -> None:
    s3, bucket = session.client('s3'), outputs['SiteBucket']
    for key, path in site.build().items():
        _publish(s3, bucket, key, path.read_bytes(), site.content_type(path))
    endpoint = session.client('cognito-idp').meta.endpoint_url
    config = {
        'stage': stage,
        'region': session.region_name,
        'user_pool_id': outputs['UserPoolId'],
        'client_id': outputs['ClientId'],
        'cognito_url': endpoint,
    }
    body = json.dumps(config, indent=1).encode()
    _publish(s3, bucket, 'config.json', body, 'application/json')


def _publish(s3: Any, bucket: str, key: str, body: bytes, content_type: str) -> None:
    """Unless it is told otherwise, the front keeps a page for a day, and shows it next to what was deployed since."""
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, CacheControl='public, max-age=60')


def main(stage: str, *given: str) -> None:
    if stage == 'local':
        raise SystemExit('The local stage is run with `make run`')
    parameters = {'Stage': stage} | dict(pair.split('=', 1) for pair in given)
    outputs = deploy(stage, package(stage), parameters)
    print(f'https://{outputs["FrontDomain"]}/       the marketplace')
    print(f'https://{outputs["FrontDomain"]}/docs   its API')


if __name__ == '__main__':
    main(*sys.argv[1:])
