"""Writes the costs into docs/data-model.md. Usage: python -m tests.support.write_data_model"""

from tests import conftest  # noqa: I001 - it sets the environment that the app reads
from moto import mock_aws

from tests.support import fast_moto, resources
from tests.support.operations import table
from tests.test_data_model import DOCUMENT, END, START

if __name__ == '__main__':
    fast_moto.install()
    with mock_aws():
        resources.create()
        before, _, rest = DOCUMENT.read_text().partition(START)
        DOCUMENT.write_text(f'{before}{START}\n\n{table()}\n\n{END}{rest.partition(END)[2]}')
    assert conftest
