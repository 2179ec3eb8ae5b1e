from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.files import actions, store
from chalicelib.files.schemas import AnnouncedFile, AnnounceFile, FileView, UploadForm
from chalicelib.http import Routes
from chalicelib.operations import Access

routes = Routes(__name__, tag='Files')


@routes.write('POST', '/files', takes=AnnounceFile, answers=AnnouncedFile, status=201)
def announce_file(tx: Transaction, caller: Caller, wanted: AnnounceFile) -> AnnouncedFile:
    """Announce a file, and get the form to upload it with.

    The upload goes straight to storage. It is checked when it arrives: watch `GET /files/{file_id}` until `state` is `ready`
    or `rejected`.
    """
    file = actions.announce(tx, caller.user_id, wanted)
    form = UploadForm.model_validate(actions.upload_form(file))
    return AnnouncedFile(id=file.id, file=FileView.of(file.attribute_values), upload=form)


@routes.read('/files/{file_id}', answers=FileView, access=Access.PUBLIC)
def show_file(caller: Caller | None, file_id: str) -> FileView:
    """A file's state, and a link to download it.

    Shown to its owner, to the other side of an order it is part of, to staff, and to all if it is in a gallery.
    """
    row = store.show(file_id, caller.user_id if caller else None, is_staff=bool(caller and caller.is_staff))
    return FileView.of(row, actions.download_url(row))
