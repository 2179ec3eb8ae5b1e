import pytest

from tests.support.market import ok


def test_an_account_is_made_when_somebody_is_first_seen(buyer, nobody):
    me = ok(buyer.get('/me'))
    assert me['id'].startswith('usr_')
    assert (me['level'], me['roles'], me['display_name']) == ('new', [], None)
    assert ok(buyer.get('/me'))['id'] == me['id']
    assert ok(nobody.get(f'/users/{me["id"]}'))['member_since'] == me['member_since']


def test_a_profile_is_changed_part_by_part_and_null_takes_a_part_away(buyer, nobody):
    ok(buyer.patch('/me', {'display_name': 'Budi', 'languages': ['id', 'en'], 'country': 'ID'}))
    me = ok(buyer.patch('/me', {'headline': 'Kopi', 'country': None}))
    assert (me['display_name'], me['headline'], me['country'], me['languages']) == ('Budi', 'Kopi', None, ['id', 'en'])
    seen = ok(nobody.get(f'/users/{me["id"]}'))
    assert seen == {name: value for name, value in me.items() if name not in ('roles', 'buyer_faults', 'seller_faults')}


@pytest.mark.parametrize(
    ('change', 'pointer'),
    [
        ({'display_name': 'A'}, '#/display_name'),
        ({'display_name': 'x' * 51}, '#/display_name'),
        ({'country': 'Indonesia'}, '#/country'),
        ({'languages': ['english']}, '#/languages/0'),
        ({'skills': ['x'] * 16}, '#/skills'),
        ({'level': 'top_rated'}, '#/level'),
        ({'id': 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV'}, '#/id'),
        ({'roles': ['admin']}, '#/roles'),
    ],
)
def test_a_profile_has_limits_and_nobody_raises_themselves(buyer, change, pointer):
    answer = buyer.patch('/me', change)
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_roles_are_those_of_the_token(admin, support):
    assert ok(admin.get('/me'))['roles'] == ['admin']
    assert ok(support.get('/me'))['roles'] == ['support']


def test_an_admin_sets_the_level_of_a_seller(admin, seller, nobody):
    ok(admin.put(f'/users/{seller.id}/level', {'level': 'level_2'}))
    assert ok(nobody.get(f'/users/{seller.id}'))['level'] == 'level_2'
    assert admin.put('/users/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV/level', {'level': 'level_2'}).status == 404


def test_there_is_no_such_user(nobody):
    assert nobody.get('/users/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV').status == 404
