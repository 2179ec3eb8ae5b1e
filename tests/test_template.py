"""What is deployed, read from the template that is deployed."""

import json
import re
import subprocess
import sys

import pytest

import app
from infra.build import package, template

pytestmark = pytest.mark.no_aws
FUNCTIONS = {
    'APIHandler': 'api_handler',
    'SweepTimers': 'sweep_timers',
    'ReleasePayments': 'release_payments',
    'AdvanceOrders': 'advance_orders',
    'SettleWithProvider': 'settle_with_provider',
    'InspectFiles': 'inspect_files',
    'CloseDays': 'close_days',
    'AuditLedger': 'audit_ledger',
    'ReconcileProviders': 'reconcile_providers',
}
READ_THE_JOURNAL = {'close_days', 'audit_ledger', 'reconcile_providers'}
NIGHTLY = {'CloseDays': 'cron(15 0 * * ? *)', 'AuditLedger': 'cron(0 1 * * ? *)', 'ReconcileProviders': 'cron(0 2 * * ? *)'}
QUEUES = ('Release', 'Order', 'Provider', 'Upload')


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """Chalice's template with ours merged into it, without the archive."""
    folder = tmp_path_factory.mktemp('package')
    tree = folder / 'app'
    package._stage_tree(tree)
    package._chalice(tree, 'dev', folder)
    return json.loads((folder / 'sam.json').read_text())


@pytest.fixture(scope='module')
def resources(built):
    return built['Resources']


def of_type(resources, kind):
    return {name: resource for name, resource in resources.items() if resource['Type'] == kind}


def test_nothing_is_deployed_that_the_app_does_not_declare(resources):
    assert of_type(resources, 'AWS::Serverless::Function').keys() == FUNCTIONS.keys()
    names = {source.name for source in app.app.event_sources} | {'api_handler'}
    assert names == set(FUNCTIONS.values())


def test_every_resource_has_a_type(resources):
    """A wrong name in our half would make a resource of its own, without one."""
    assert [name for name, resource in resources.items() if 'Type' not in resource] == []


def test_every_handler_is_in_app_where_the_middleware_is(resources):
    for name, resource in of_type(resources, 'AWS::Serverless::Function').items():
        expected = 'app' if name == 'APIHandler' else FUNCTIONS[name]
        assert resource['Properties']['Handler'] == f'app.{expected}'


def test_every_function_has_a_role_of_its_own_with_the_policy_of_its_name(resources):
    roles = set()
    for name, function in FUNCTIONS.items():
        role = resources[name]['Properties']['Role']['Fn::GetAtt'][0]
        roles.add(role)
        policies = resources[role]['Properties']['Policies']
        written = json.loads((package.ROOT / '.chalice' / 'policies' / f'{function}.json').read_text())
        assert [policy['PolicyDocument'] for policy in policies] == [written]
    assert len(roles) == len(FUNCTIONS)


def statements():
    for function in FUNCTIONS.values():
        policy = json.loads((package.ROOT / '.chalice' / 'policies' / f'{function}.json').read_text())
        for statement in policy['Statement']:
            yield function, statement


def test_no_policy_is_broader_than_its_resources():
    for function, statement in statements():
        assert statement['Effect'] == 'Allow'
        for action in statement['Action']:
            assert action == 'sqs:SendMessage*' or '*' not in action, function
        resources = statement['Resource'] if isinstance(statement['Resource'], list) else [statement['Resource']]
        for resource in resources:
            assert isinstance(resource, dict), f'{function} names a resource that is not of this stack'


def test_nobody_may_change_the_journal():
    for function, statement in statements():
        if 'Journal' in json.dumps(statement['Resource']):
            reads = {'dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'}
            allowed = {'dynamodb:Query', 'dynamodb:BatchGetItem'} | (reads if function in READ_THE_JOURNAL else set())
            assert set(statement['Action']) <= {'dynamodb:PutItem'} | allowed, function


def test_whoever_looks_for_mistakes_can_make_none():
    actions = {action for function, statement in statements() if function == 'audit_ledger' for action in statement['Action']}
    assert not [action for action in actions if 'Put' in action and not action.startswith('logs:')]
    assert not [action for action in actions if 'Update' in action or 'Delete' in action or 'Write' in action]


def test_only_the_closing_of_days_writes_seals():
    writers = {
        function
        for function, statement in statements()
        if 'Seals' in json.dumps(statement['Resource']) and 's3:PutObject' in statement['Action']
    }
    assert writers == {'close_days'}


def test_nobody_may_delete_a_row():
    assert not any('Delete' in action and 'dynamodb' in action for _, s in statements() for action in s['Action'])


def test_every_function_has_a_log_that_ends(resources):
    logs = of_type(resources, 'AWS::Logs::LogGroup').values()
    assert {log['Properties']['LogGroupName']['Fn::Sub'] for log in logs} == {f'/aws/lambda/${{{name}}}' for name in FUNCTIONS}
    assert all(log['Properties']['RetentionInDays'] for log in logs)


def test_every_queue_function_reports_single_failures(resources):
    for name in ('ReleasePayments', 'AdvanceOrders', 'SettleWithProvider', 'InspectFiles'):
        source = resources[name]['Properties']['Events'][f'{name}SqsEventSource']['Properties']
        assert source['FunctionResponseTypes'] == ['ReportBatchItemFailures']
        assert source['ScalingConfig'] == {'MaximumConcurrency': 10}


@pytest.mark.parametrize('queue', QUEUES)
def test_every_queue_has_dead_letters_and_an_alarm_on_them(resources, queue):
    from chalicelib.queues import MAX_RECEIVES

    redrive = resources[f'{queue}Queue']['Properties']['RedrivePolicy']
    assert redrive == {'maxReceiveCount': MAX_RECEIVES, 'deadLetterTargetArn': {'Fn::GetAtt': [f'{queue}DeadLetters', 'Arn']}}
    assert resources[f'{queue}DeadLetters']['Properties']['MessageRetentionPeriod'] == 14 * 24 * 3600
    alarm = resources[f'{queue}DeadLettersAlarm']['Properties']
    assert alarm['Dimensions'][0]['Value'] == {'Fn::GetAtt': [f'{queue}DeadLetters', 'QueueName']}
    assert alarm['AlarmActions'] == [{'Ref': 'Alarms'}]


def test_a_message_stays_hidden_for_six_times_its_function(resources):
    readers = {
        'Release': 'ReleasePayments',
        'Order': 'AdvanceOrders',
        'Provider': 'SettleWithProvider',
        'Upload': 'InspectFiles',
    }
    for queue, function in readers.items():
        timeout = resources[function]['Properties']['Timeout']
        assert resources[f'{queue}Queue']['Properties']['VisibilityTimeout'] >= 6 * timeout
        dead = resources[function]['Properties']['Environment']['Variables']['DEAD_LETTERS_URL']
        assert dead == {'Ref': f'{queue}DeadLetters'}


def test_what_fails_is_parked_is_late_or_is_wrong_wakes_somebody(resources):
    for name, metric in (
        ('AuditAlarm', 'AuditFindings'),
        ('OpenCasesAlarm', 'OpenCases'),
        ('FailuresAlarm', 'Failures'),
        ('ParkedTimersAlarm', 'ParkedTimers'),
        ('LateTimersAlarm', 'OldestTimer'),
    ):
        alarm = resources[name]['Properties']
        assert (alarm['MetricName'], alarm['Namespace']) == (metric, {'Fn::Sub': 'Gigmarket/${Stage}'})
        assert alarm['AlarmActions'] == [{'Ref': 'Alarms'}]


def test_what_outlives_its_use_goes_away_by_itself(resources):
    assert resources['Market']['Properties']['TimeToLiveSpecification'] == {'AttributeName': 'expires_at', 'Enabled': True}


def test_only_what_arrives_in_our_bucket_is_inspected(resources):
    notification = resources['Files']['Properties']['NotificationConfiguration']['QueueConfigurations']
    assert [one['Filter']['S3Key']['Rules'] for one in notification] == [[{'Name': 'prefix', 'Value': 'incoming/'}]]
    assert resources['Files']['DependsOn'] == 'UploadQueuePolicy'
    (statement,) = resources['UploadQueuePolicy']['Properties']['PolicyDocument']['Statement']
    assert statement['Principal'] == {'Service': 's3.amazonaws.com'}
    assert statement['Condition'] == {
        'StringEquals': {'aws:SourceAccount': {'Ref': 'AWS::AccountId'}},
        'ArnLike': {'aws:SourceArn': {'Fn::Sub': 'arn:${AWS::Partition}:s3:::${AWS::StackName}-files-*'}},
    }


def test_a_function_is_told_of_each_resource_by_its_name(resources):
    for name in FUNCTIONS:
        variables = resources[name]['Properties']['Environment']['Variables']
        for variable, value in variables.items():
            logical = ''.join(part.capitalize() for part in variable.lower().split('_')).removesuffix('Url').removesuffix('Id')
            expected = {
                'MarketTable': 'Market',
                'JournalTable': 'Journal',
                'BalancesTable': 'Balances',
                'FilesBucket': 'Files',
                'SealsBucket': 'Seals',
                'Client': 'WebClient',
            }.get(logical, logical)
            if variable != 'DEAD_LETTERS_URL':  # which is its own queue's, and looked at above
                assert value == {'Ref': expected}, f'{name} {variable}'


def test_the_front_keeps_pages_and_never_answers_of_the_api(resources):
    config = resources['Cdn']['Properties']['DistributionConfig']
    disabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad'
    assert {one['PathPattern']: one['CachePolicyId'] == disabled for one in config['CacheBehaviors']} == {
        '/api/*': True,
        '/media/*': False,
    }
    buckets = [origin for origin in config['Origins'] if 'S3OriginConfig' in origin]
    assert {origin['Id'] for origin in buckets} == {'site', 'files'}
    assert all(origin['OriginAccessControlId'] == {'Fn::GetAtt': ['BucketAccess', 'Id']} for origin in buckets)
    for policy, resource in (('FilesPolicy', '${Files.Arn}/media/*'), ('SitePolicy', '${Site.Arn}/*')):
        first = resources[policy]['Properties']['PolicyDocument']['Statement'][0]
        assert first['Resource'] == {'Fn::Sub': resource}
        assert 'AWS:SourceArn' in first['Condition']['StringEquals']


def test_nobody_takes_more_than_their_share_of_the_api(resources):
    (settings,) = resources['RestAPI']['Properties']['MethodSettings']
    assert (settings['ResourcePath'], settings['ThrottlingRateLimit'], settings['ThrottlingBurstLimit']) == ('/*', 200, 400)


def test_the_sweep_runs_every_minute(resources):
    events = resources['SweepTimers']['Properties']['Events']
    assert [event['Properties']['Schedule'] for event in events.values()] == ['rate(1 minute)']


@pytest.mark.parametrize(('name', 'schedule'), NIGHTLY.items())
def test_the_books_are_looked_at_every_night(resources, name, schedule):
    events = resources[name]['Properties']['Events']
    assert [event['Properties']['Schedule'] for event in events.values()] == [schedule]
    assert resources[name]['Properties']['Timeout'] == 900


def test_what_did_not_run_at_night_wakes_somebody_too(resources):
    for name in ('AuditAlarm', 'OpenCasesAlarm'):
        alarm = resources[name]['Properties']
        assert (alarm['Period'], alarm['TreatMissingData']) == (24 * 3600, 'breaching')


def test_nobody_can_change_a_seal_on_aws(resources, built):
    lock = resources['Seals']['Properties']['ObjectLockConfiguration']['Fn::If']
    retention = {'Mode': 'COMPLIANCE', 'Days': {'Ref': 'SealRetentionDays'}}
    assert lock[1:] == [{'Ref': 'AWS::NoValue'}, {'ObjectLockEnabled': 'Enabled', 'Rule': {'DefaultRetention': retention}}]
    assert resources['Seals']['Properties']['ObjectLockEnabled'] == {'Fn::If': ['Local', {'Ref': 'AWS::NoValue'}, True]}
    assert resources['Seals']['Properties']['VersioningConfiguration'] == {'Status': 'Enabled'}
    assert built['Parameters']['SealRetentionDays']['Default'] == 365


@pytest.mark.parametrize('name', ['Market', 'Journal', 'Balances', 'Files', 'Seals', 'UserPool'])
def test_what_cannot_be_made_again_is_kept(resources, name):
    assert (resources[name]['DeletionPolicy'], resources[name]['UpdateReplacePolicy']) == ('Retain', 'Retain')


@pytest.mark.parametrize('name', ['Market', 'Journal', 'Balances'])
def test_tables_can_be_restored_and_cost_nothing_unused(resources, name):
    properties = resources[name]['Properties']
    assert properties['PointInTimeRecoverySpecification'] == {'PointInTimeRecoveryEnabled': True}
    assert properties['DeletionProtectionEnabled'] == {'Fn::If': ['Local', False, True]}
    assert properties['BillingMode'] == 'PAY_PER_REQUEST'


def test_indexes_project_no_more_than_dynamodb_allows(resources):
    for table in of_type(resources, 'AWS::DynamoDB::Table').values():
        indexes = table['Properties'].get('GlobalSecondaryIndexes', [])
        assert sum(len(index['Projection'].get('NonKeyAttributes', [])) for index in indexes) <= 100
        assert all(len(index['Projection'].get('NonKeyAttributes', [])) <= 20 for index in indexes)


def test_buckets_are_closed_and_uploads_that_lead_to_nothing_go_away(resources):
    for bucket in of_type(resources, 'AWS::S3::Bucket').values():
        assert all(bucket['Properties']['PublicAccessBlockConfiguration'].values())
    rules = resources['Files']['Properties']['LifecycleConfiguration']['Rules']
    assert {rule.get('Prefix'): rule.get('ExpirationInDays') for rule in rules}['incoming/'] == 1


def test_passwords_are_sent_in_the_clear_only_where_people_try_things_out(resources, built):
    flows = resources['WebClient']['Properties']['ExplicitAuthFlows']
    assert {'Fn::If': ['PasswordSignIn', 'ALLOW_USER_PASSWORD_AUTH', {'Ref': 'AWS::NoValue'}]} in flows
    assert 'ALLOW_USER_PASSWORD_AUTH' not in flows
    stages = [branch['Fn::Equals'][1] for branch in built['Conditions']['PasswordSignIn']['Fn::Or']]
    assert stages == ['local', 'dev']
    assert resources['WebClient']['Properties']['GenerateSecret'] is False


def test_routes_that_need_a_person_are_closed_at_the_gateway_too(resources):
    paths = resources['RestAPI']['Properties']['DefinitionBody']['paths']
    document = json.loads(app.openapi_json())['paths']
    for path, methods in document.items():
        for method, operation in methods.items():
            security = paths[path][method].get('security')
            if {} in operation['security']:
                assert security is None
            else:
                assert security == [{'SignedIn': ['aws.cognito.signin.user.admin']}], path
            assert 'options' in paths[path], 'browsers of other origins ask first'


def test_gateway_errors_look_like_ours(resources):
    responses = resources['RestAPI']['Properties']['GatewayResponses']
    for kind, response in responses.items():
        said = response['ResponseTemplates']['application/json']
        body = json.loads(re.sub(r'(?<!")\$context\.\w+(\.\w+)*(?!")', '"detail"', said))
        assert {'type', 'title', 'detail', 'errors'} <= body.keys(), kind
        assert f'`{body["type"]}`' in json.loads(app.openapi_json())['info']['description']
        assert body.get('status') == response.get('StatusCode')
        headers = dict(response['ResponseParameters']['Headers'])
        assert headers.pop('WWW-Authenticate', None) == ("'Bearer'" if response.get('StatusCode') == 401 else None)
        assert headers == {
            'Content-Type': "'application/problem+json'",
            'Cache-Control': "'no-store'",
            'Access-Control-Allow-Origin': "'*'",
        }


def test_the_template_has_no_yaml_left_in_it():
    assembled = json.dumps(template.assemble())
    assert '!' not in re.sub(r'"[^"]* [^"]*"', '', assembled)


def test_one_thing_is_defined_once(tmp_path, monkeypatch):
    monkeypatch.setattr(template, 'STACK', tmp_path)
    for name in ('a.yaml', 'b.yaml'):
        (tmp_path / name).write_text('Resources: {Same: {Type: AWS::SNS::Topic}}')
    with pytest.raises(ValueError, match=r'b\.yaml defines Same'):
        template.assemble()


def test_the_app_can_be_imported_without_a_deployment():
    subprocess.run([sys.executable, '-c', 'import app'], check=True, cwd=package.ROOT, env={'PATH': '/usr/bin:/bin'})


def test_files_are_decoded_for_everybody_and_preflights_stay_text(resources):
    """A gateway that takes every type for binary would otherwise give its own answers to OPTIONS in base64."""
    api = resources['RestAPI']['Properties']
    assert api['BinaryMediaTypes'] == ['*/*']
    for methods in api['DefinitionBody']['paths'].values():
        for method in methods.values():
            assert method['x-amazon-apigateway-integration']['contentHandling'] == 'CONVERT_TO_TEXT'
