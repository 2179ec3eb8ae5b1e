"""What a buyer says on the sandbox's page."""

from chalicelib.schemas import Command, View


class ConfirmPayment(Command):
    approved: bool


class Confirmation(View):
    id: str
    approved: bool
