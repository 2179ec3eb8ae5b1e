import pytest

from tests.support.board import Board


@pytest.fixture
def board(buyer, seller):
    return Board(buyer, seller)
