"""Plays one run with its faults again. Usage: python -m tests.faults NAME [--once] CALL:KIND ..., as a failure prints it.

With --once the SDK gives up after one attempt. The first fault alone strikes the first attempt; two strike until it is done.
"""

import sys

from tests.support import standing

if __name__ == '__main__':
    with standing.aws():
        from tests.faults import cases
        from tests.faults.catalogue import BY_NAME
        from tests.support import patience

        name, *said = sys.argv[1:]
        planned = {int(number): kind for number, kind in (one.split(':') for one in said if one != '--once')}
        with patience.sdk_attempts(1 if '--once' in said else 3):
            wrong, plan = cases.run(BY_NAME[name], planned)
        print(plan, *(wrong or ['nothing is wrong']), sep='\n')
        sys.exit(bool(wrong))
