"""The local stack as a program: what is left when it stops, what is there when it starts again, and who can reach it."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.client import Marketplace, wait_for
from infra.local.seed import PASSWORD as SEEDED_PASSWORD
from infra.local.stack import Stack
from tests.e2e.conftest import bring_up
from tests.e2e.people import PASSWORD, release_message, wait_until

pytestmark = pytest.mark.skipif(not Path('/proc/net/tcp').exists(), reason='looks into /proc')
LISTENING = '0A'


class Family:
    """The processes of a stack: the two servers, and all that they started."""

    def __init__(self, home: Path) -> None:
        self.heads = {int((home / f'{name}.pid').read_text().split()[0]) for name in ('emulator', 'front')}

    def members(self) -> list[int]:
        return [int(process.name) for process in Path('/proc').glob('[0-9]*') if self._is_member(process)]

    def _is_member(self, process: Path) -> bool:
        try:
            state, _, _, session = (process / 'stat').read_text().rpartition(')')[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return int(session) in self.heads and state != 'Z'

    def listens_on(self) -> list[tuple[str, int]]:
        """Addresses in the kernel's own notation, and ports."""
        own = {link for pid in self.members() for link in _links(Path(f'/proc/{pid}/fd'))}
        found = []
        for table in ('tcp', 'tcp6'):
            for line in Path(f'/proc/net/{table}').read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and f'socket:[{fields[9]}]' in own:
                    address, _, port = fields[1].partition(':')
                    found.append((address, int(port, 16)))
        return found


def _links(folder: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for link in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                yield str(link.readlink())


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def kill_emulator(stack: Stack) -> None:
    """Ends it as nobody should, and waits until it is gone."""
    pid_file = stack.home / 'emulator.pid'
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    wait_for(lambda: processes.is_running(pid_file), lambda alive: not alive, 5)


@pytest.fixture
def small(tmp_path):
    """A stack of its own, of which no more than the emulator is started."""
    made = Stack(tmp_path / 'small')
    made.start_emulator()
    yield made
    made.reset()


def test_nobody_else_can_reach_it(stack):
    ports = vars(stack.addresses).values()
    found = Family(stack.home).listens_on()
    assert sorted(port for _, port in found) == sorted(ports)
    assert {address for address, _ in found} == {'0100007F'}, '127.0.0.1'


def test_it_is_known_to_run_however_narrow_the_terminal(stack, monkeypatch):
    monkeypatch.setenv('COLUMNS', '20')
    assert stack.is_running


def test_running_it_again_is_quick_and_changes_nothing(stack, market):
    before = Family(stack.home).heads
    started = time.monotonic()
    assert bring_up(stack) == market.base_url
    assert time.monotonic() - started < 10
    assert Family(stack.home).heads == before


def test_it_stops_without_a_trace_and_starts_with_all_its_data_and_goes_on(stack, people, queue):
    deal = people.deal()
    order = deal.completed()
    family = Family(stack.home)
    assert len(family.members()) > 2, 'There are functions, too'
    gigs, statement = deal.seller.get('/gigs', limit=100), deal.seller.get('/me/statement')

    stack.stop()
    wait_for(family.members, lambda pids: not pids, 5)
    assert not any(answers(port) for port in vars(stack.addresses).values())
    assert not (stack.home / 'tmp').exists()

    started = time.monotonic()
    with Marketplace(bring_up(stack)) as market:
        assert time.monotonic() - started < 20
        deal.seller.http = market.http
        assert deal.seller.get('/gigs', limit=100) == gigs
        assert deal.seller.get('/me/statement') == statement
        assert market.sign_in(deal.buyer.email, PASSWORD).get(f'/orders/{order["id"]}')['funds'] == 'clearing'
        wait_until(order['release_at'])
        queue('Release').send(release_message(order['id']))
        wait_for(lambda: deal.funds_of(order['id']), lambda funds: funds == 'released', 60)


def test_when_it_is_killed_it_goes_on_from_where_it_was_last_stopped(stack):
    kill_emulator(stack)
    with Marketplace(bring_up(stack)) as market:
        assert market.sign_in('buyer@example.com', SEEDED_PASSWORD).get('/me')['display_name'] == 'Budi Santoso'
        assert len(market.nobody.get('/gigs', category='logo-design', limit=100)['items']) > 1


def test_when_it_is_killed_before_it_was_ever_stopped_it_begins_anew(small):
    (small.home / 's3' / 'left-over').mkdir()
    kill_emulator(small)
    small.start_emulator()
    assert answers(small.addresses.emulator_port)
    assert not (small.home / 's3' / 'left-over').exists()


def test_reset_leaves_nothing(small):
    port = small.addresses.emulator_port
    assert answers(port)
    small.reset()
    assert not answers(port)
    assert not small.home.exists()


def test_two_of_them_do_not_meet(small, stack):
    assert not set(vars(small.addresses).values()) & set(vars(stack.addresses).values())


def test_it_does_not_move_to_another_port_with_its_data(small):
    small.stop()
    with socket.create_server(('127.0.0.1', small.addresses.emulator_port)), pytest.raises(SystemExit, match='make reset'):
        small.start_emulator()


def test_without_the_emulator_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr('infra.local.stack.MINISTACK', tmp_path / 'nothing')
    with pytest.raises(SystemExit, match='make'):
        Stack(tmp_path / 'stack').start_emulator()
