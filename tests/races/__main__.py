"""Plays one schedule again. Usage: python -m tests.races NAME TURNS, as a failure prints it."""

import sys

from tests.support import standing

if __name__ == '__main__':
    with standing.aws():
        from tests.races.catalogue import RACES
        from tests.races.running import replay

        played, end, wrong = replay(RACES[sys.argv[1]], sys.argv[2])
        print(*played.calls, f'turns: {played.turns}', f'end: {end}', *(wrong or ['nothing is wrong']), sep='\n')
        sys.exit(bool(wrong))
