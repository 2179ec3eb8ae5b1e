"""What a buyer says on the sandbox's page."""

from chalicelib.schemas import Command, View, examples


class ConfirmPayment(Command):
    model_config = examples({'approved': True})

    approved: bool


class Confirmation(View):
    id: str
    approved: bool
