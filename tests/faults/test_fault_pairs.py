"""Two faults in one run, sampled here; all of them in `make prove`."""

import pytest

from tests.faults import pairs
from tests.faults.catalogue import BY_NAME


@pytest.mark.proof
@pytest.mark.parametrize('name', pairs.CORE)
def test_whatever_fails_twice_everything_ends_right(aws, name):
    case = BY_NAME[name]
    sampled = list(pairs.sample(case, 250))
    wrong = [one for pair in sampled for one in pairs.wrongs(case, pair)]
    assert not wrong, '\n'.join(wrong)
    assert len(sampled) >= 200  # some cases have fewer
