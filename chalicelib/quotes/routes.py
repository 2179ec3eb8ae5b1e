from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.quotes import actions
from chalicelib.quotes.schemas import AskQuote, QuoteView

routes = Routes(__name__, tag='Orders')


@routes.write('POST', '/quotes', takes=AskQuote, answers=QuoteView, status=201)
def ask_quote(tx: Transaction, caller: Caller, wanted: AskQuote) -> QuoteView:
    """What a gig would cost you, and what its seller would get. You see every line before you commit."""
    extras = [extra.model_dump() for extra in wanted.extras]
    return QuoteView.of(actions.ask(tx, caller.user_id, wanted.gig_id, wanted.package, extras).attribute_values)
