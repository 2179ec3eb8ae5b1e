"""What a provider is answered."""

from typing import Literal

from chalicelib.schemas import View


class Received(View):
    is_received: Literal[True] = True
