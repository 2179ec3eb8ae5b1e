from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.schemas import Command
from chalicelib.users import actions, store
from chalicelib.users.schemas import MeView, SetLevel, UpdateProfile, UserView

routes = Routes(__name__, tag='Users')


@routes.read('/me', answers=MeView)
def show_me(caller: Caller) -> MeView:
    """Your own account.

    It is made the first time you are seen here with an access token.
    """
    return MeView.seen(store.show(caller.user_id), caller.roles)


@routes.write('PATCH', '/me', takes=UpdateProfile, answers=MeView)
def update_me(tx: Transaction, caller: Caller, changes: Command) -> MeView:
    """Change your profile."""
    user = actions.describe(tx, caller.user_id, changes.given())
    return MeView.seen(user.attribute_values, caller.roles)


@routes.read('/users/{user_id}', answers=UserView, access=Access.PUBLIC)
def show_user(_: Caller | None, user_id: str) -> UserView:
    """Anybody's public profile."""
    return UserView.of(store.show(user_id))


@routes.write('PUT', '/users/{user_id}/level', takes=SetLevel, answers=UserView, access=Access.ADMIN)
def set_user_level(tx: Transaction, _: Caller, wanted: SetLevel, user_id: str) -> UserView:
    """Set a seller's level.

    It decides how long the seller's earnings clear. Orders already quoted keep the level they were quoted at.
    """
    return UserView.of(actions.set_level(tx, user_id, wanted.level).attribute_values)
