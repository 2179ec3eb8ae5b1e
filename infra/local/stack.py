"""The local stack in one folder: emulator, deployed stage, front and data; started, stopped and cleared."""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3

from infra.build import deploy
from infra.build.package import ROOT
from infra.local import processes

MINISTACK = ROOT / '.venv-ministack' / 'bin' / 'ministack'
STAGE = 'local'
REGION = 'us-east-1'
KEYS = {'AWS_ACCESS_KEY_ID': 'test', 'AWS_SECRET_ACCESS_KEY': 'test'}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Addresses:
    emulator_port: int
    front_port: int

    @property
    def emulator(self) -> str:
        # An address, not a name: S3 would otherwise put the bucket into the host, which not everything resolves.
        return f'http://127.0.0.1:{self.emulator_port}'

    @property
    def front(self) -> str:
        return f'http://localhost:{self.front_port}'


class Stack:
    """All that the stack keeps lies below `home`, and two of them do not meet."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._emulator_pid, self._front_pid = home / 'emulator.pid', home / 'front.pid'
        self._ports, self._deployed = home / 'ports.json', home / 'deployed.json'
        self.seeded = home / 'seeded'
        """Is there once the stack was seeded."""

    @property
    def addresses(self) -> Addresses:
        return Addresses(**json.loads(self._ports.read_text()))

    @property
    def is_running(self) -> bool:
        return processes.is_running(self._emulator_pid) and processes.is_running(self._front_pid)

    def start_emulator(self) -> None:
        if processes.is_running(self._emulator_pid):
            return
        if not MINISTACK.exists():
            raise SystemExit('The emulator is not installed; start the stack with make')
        if self._emulator_pid.exists():
            self._forget_what_was_not_saved()
        for folder in ('tmp', 'state', 's3'):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        ports = self._choose_ports()
        environment = {
            **KEYS,
            'PATH': '/usr/bin:/bin',
            'HOME': os.environ.get('HOME', '/'),
            'TMPDIR': str(self.home / 'tmp'),
            'BIND_HOST': '127.0.0.1',
            'GATEWAY_PORT': str(ports.emulator_port),
            'AUTH': 'true',  # IAM, signatures, bucket policies and Cognito are enforced only with this
            'IOT_MTLS_ENABLED': '0',
            'SFTP_ENABLED': '0',
            'PERSIST_STATE': '1',
            'S3_PERSIST': '1',
            'STATE_DIR': str(self.home / 'state'),
            'S3_DATA_DIR': str(self.home / 's3'),
        }
        log = self.home / 'emulator.log'
        processes.start([str(MINISTACK)], pid_file=self._emulator_pid, log=log, environment=environment)
        self._wait_for(f'{ports.emulator}/_ministack/health', log)

    def _forget_what_was_not_saved(self) -> None:
        """The emulator saves all that it has in memory when it is stopped, and this one was ended in another way."""
        self.stop()
        if (self.home / 'state' / 'dynamodb.json').exists():
            self._deployed.unlink(missing_ok=True)
            self.seeded.unlink(missing_ok=True)
        else:
            shutil.rmtree(self.home)

    def deploy(self, out: Path, say: Say) -> dict[str, str]:
        """Deploys what was built, if it is not what is deployed already, and returns the outputs of the stack."""
        version = self._version(out)
        if self._deployed.exists():
            there: dict[str, dict[str, str]] = json.loads(self._deployed.read_text())
            if version in there:
                return there[version]
        parameters = {'Stage': STAGE, 'LocalPort': str(self.addresses.emulator_port), 'WebOrigin': '*'}
        with self.environment():
            outputs = deploy.deploy(STAGE, out, parameters, say)
            _replay_gateway_responses(out)
        self._deployed.write_text(json.dumps({version: outputs}))
        return outputs

    def start_front(self, domain: str) -> None:
        if processes.is_running(self._front_pid):
            return
        ports = self.addresses
        command = [sys.executable, '-m', 'infra.local.front', str(ports.emulator_port), domain, str(ports.front_port)]
        log = self.home / 'front.log'
        environment = {'PATH': '/usr/bin:/bin', 'PYTHONPATH': str(ROOT)}
        processes.start(command, pid_file=self._front_pid, log=log, environment=environment)
        self._wait_for(f'{ports.front}/config.json', log)

    def stop(self) -> None:
        processes.stop(self._front_pid)
        processes.stop(self._emulator_pid)
        shutil.rmtree(self.home / 'tmp', ignore_errors=True)  # where the emulator unpacks a copy of the code per worker

    def reset(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @contextlib.contextmanager
    def environment(self) -> Iterator[None]:
        """The SDK talks to this stack, and to no other account, whatever the user has set up."""
        mine = {**KEYS, 'AWS_ENDPOINT_URL': self.addresses.emulator, 'AWS_DEFAULT_REGION': REGION, 'AWS_REGION': REGION}
        before = {name: value for name, value in os.environ.items() if name.startswith('AWS_')}
        for name in before:
            del os.environ[name]
        os.environ.update(mine)
        boto3.DEFAULT_SESSION = None
        try:
            yield
        finally:
            for name in mine:
                os.environ.pop(name, None)
            os.environ.update(before)
            boto3.DEFAULT_SESSION = None

    def _choose_ports(self) -> Addresses:
        before = self.addresses if self._ports.exists() else None
        if before and not processes.is_free(before.emulator_port):
            # Its queues are known by addresses that name the port; elsewhere no message would ever be delivered.
            raise SystemExit(
                f'Port {before.emulator_port} is taken by another program; stop that, or clear the data: make reset'
            )
        emulator_port = before.emulator_port if before else processes.free_port()
        ports = Addresses(emulator_port, processes.free_port(before.front_port if before else None))
        self._ports.write_text(json.dumps(vars(ports)))
        return ports

    def _version(self, out: Path) -> str:
        digest = hashlib.sha256(self.addresses.emulator.encode())
        infra = ROOT / 'infra'
        sources = sorted([*(infra / 'site').iterdir(), *(infra / 'build').glob('*.py')])
        for path in (out / 'deployment.zip', out / 'template.json', *sources):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _wait_for(self, url: str, log: Path, patience_s: float = 60) -> None:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise SystemExit(f'{url} did not answer within {patience_s:.0f} s; the log is {log}')


def _replay_gateway_responses(out: Path) -> None:
    """The emulator drops the gateway responses when it imports the API's definition. AWS does not."""
    cfn, gateway = boto3.client('cloudformation'), boto3.client('apigateway')
    resource = cfn.describe_stack_resource(StackName=deploy.stack_name(STAGE), LogicalResourceId='RestAPI')
    api = resource['StackResourceDetail']['PhysicalResourceId']
    template = json.loads((out / 'template.json').read_text())
    for kind, said in template['Resources']['RestAPI']['Properties']['GatewayResponses'].items():
        headers = said['ResponseParameters']['Headers']
        gateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            responseTemplates=said['ResponseTemplates'],
            responseParameters={f'gatewayresponse.header.{name}': value for name, value in headers.items()},
            **({'statusCode': str(said['StatusCode'])} if 'StatusCode' in said else {}),
        )
    gateway.create_deployment(restApiId=api, stageName='api')
