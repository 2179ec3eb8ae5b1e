from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Invalid
from chalicelib.files import actions as files
from chalicelib.files.schemas import FileView
from chalicelib.gigs.categories import SLUGS
from chalicelib.http import Routes
from chalicelib.jobs import actions, invitations, store
from chalicelib.jobs.schemas import (
    CloseJob,
    EditJob,
    InvitationPage,
    InvitationView,
    InviteSeller,
    JobEventPage,
    JobEventView,
    JobPage,
    JobQuery,
    JobSummary,
    JobView,
    RemoveJob,
    WriteJob,
)
from chalicelib.operations import Access
from chalicelib.reads import Page, Paging
from chalicelib.schemas import Command, ListQuery

routes = Routes(__name__, tag='Jobs')


@routes.write('POST', '/jobs', takes=WriteJob, answers=JobView, status=201)
def draft_job(tx: Transaction, caller: Caller, wanted: WriteJob) -> JobView:
    """Draft a job. Nobody else sees it until it is published."""
    return JobView.of(actions.draft(tx, caller.user_id, wanted.model_dump()).attribute_values)


@routes.read('/jobs', answers=JobPage, access=Access.PUBLIC, query=JobQuery)
def list_jobs(_: Caller | None, asked: JobQuery) -> JobPage:
    """Open public jobs, newest first: all, those of a category, or those of a buyer."""
    return _summaries(_page(asked))


@routes.read('/me/jobs', answers=JobPage, query=ListQuery)
def list_my_jobs(caller: Caller, asked: ListQuery) -> JobPage:
    """All jobs of yours, whatever has become of them, newest first."""
    return _summaries(store.all_of(caller.user_id, Paging(asked.limit, asked.cursor)))


@routes.read('/jobs/{job_id}', answers=JobView, access=Access.PUBLIC)
def show_job(caller: Caller | None, job_id: str) -> JobView:
    """One job with everything about it.

    Those that are not open and public are shown to their buyer, to staff, and to who was invited or has placed a proposal.
    """
    return JobView.of(store.show(job_id, caller))


@routes.read('/jobs/{job_id}/attachments/{file_id}', answers=FileView)
def show_job_attachment(caller: Caller, job_id: str, file_id: str) -> FileView:
    """A file that belongs to a job, with a link to it, for whoever sees the job."""
    row = actions.attachment(store.show(job_id, caller), file_id)
    return FileView.of(row, files.download_url(row))


@routes.read('/jobs/{job_id}/events', answers=JobEventPage, query=ListQuery)
def list_job_events(caller: Caller, asked: ListQuery, job_id: str) -> JobEventPage:
    """All that ever happened to a job, oldest first: the same for whoever sees the job."""
    store.show(job_id, caller)
    page = store.events(store.pk(job_id), Paging(asked.limit, asked.cursor))
    return JobEventPage(items=[JobEventView.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.write('PATCH', '/jobs/{job_id}', takes=EditJob, answers=JobView)
def edit_job(tx: Transaction, caller: Caller, changes: Command, job_id: str) -> JobView:
    """Change a draft, or a job that is open as far as proposals do not rest on it."""
    return JobView.of(actions.edit(tx, caller, job_id, changes.given()).attribute_values)


@routes.write('POST', '/jobs/{job_id}/publish', answers=JobView)
def publish_job(tx: Transaction, caller: Caller, job_id: str) -> JobView:
    """Open a draft for proposals. All that is still missing is told at once.

    Support may look at it first: until then it is `in_review`.
    """
    return JobView.of(actions.publish(tx, caller, job_id).attribute_values)


@routes.write('POST', '/jobs/{job_id}/close', takes=CloseJob, answers=JobView)
def close_job(tx: Transaction, caller: Caller, wanted: CloseJob, job_id: str) -> JobView:
    """Close a job of yours. Awards that were not accepted yet end with it; orders go on."""
    return JobView.of(actions.close(tx, caller, job_id, wanted.reason).attribute_values)


@routes.write('POST', '/jobs/{job_id}/approve', answers=JobView, access=Access.STAFF)
def approve_job(tx: Transaction, caller: Caller, job_id: str) -> JobView:
    """Open a job that waits for its review."""
    return JobView.of(actions.approve(tx, caller, job_id).attribute_values)


@routes.write('POST', '/jobs/{job_id}/remove', takes=RemoveJob, answers=JobView, access=Access.STAFF)
def remove_job(tx: Transaction, caller: Caller, wanted: RemoveJob, job_id: str) -> JobView:
    """Take a job off the market for good, with a reason that its buyer sees."""
    return JobView.of(actions.remove(tx, caller, job_id, wanted.reason).attribute_values)


@routes.read('/admin/jobs', answers=JobPage, access=Access.STAFF, query=ListQuery)
def list_jobs_in_review(_: Caller, asked: ListQuery) -> JobPage:
    """Every job that waits for its review, newest first."""
    return _summaries(store.in_review(Paging(asked.limit, asked.cursor)))


@routes.write('POST', '/jobs/{job_id}/invitations', takes=InviteSeller, answers=InvitationView, status=201)
def invite_seller(tx: Transaction, caller: Caller, wanted: InviteSeller, job_id: str) -> InvitationView:
    """Invite a seller to propose. To a job that is `invite_only` nobody else can."""
    made = invitations.invite(tx, caller, job_id, wanted.seller_id, wanted.message)
    return InvitationView.of(made.attribute_values)


@routes.read('/jobs/{job_id}/invitations', answers=InvitationPage, query=ListQuery)
def list_invitations(caller: Caller, asked: ListQuery, job_id: str) -> InvitationPage:
    """Who was invited to a job of yours, and what they have answered."""
    store.load_for(job_id, caller)
    return _invitations(store.invitations(job_id, Paging(asked.limit, asked.cursor)))


@routes.read('/me/invitations', answers=InvitationPage, query=ListQuery)
def list_my_invitations(caller: Caller, asked: ListQuery) -> InvitationPage:
    """The jobs that you were invited to, newest first."""
    return _invitations(store.invitations_of(caller.user_id, Paging(asked.limit, asked.cursor)))


@routes.write('POST', '/jobs/{job_id}/invitations/decline', answers=InvitationView)
def decline_invitation(tx: Transaction, caller: Caller, job_id: str) -> InvitationView:
    """Say no to an invitation. Whoever wants to say yes places a proposal."""
    return InvitationView.of(invitations.decline(tx, caller, job_id).attribute_values)


def _page(asked: JobQuery) -> Page:
    paging = Paging(asked.limit, asked.cursor)
    if asked.buyer_id and asked.category:
        raise Invalid.parameter('category', 'Jobs are listed by buyer or by category: give either buyer_id or category')
    if asked.buyer_id:
        return store.open_ones_of(asked.buyer_id, paging)
    if asked.category and asked.category not in SLUGS:
        raise Invalid.parameter('category', 'Give a second-level slug of GET /categories')
    return store.in_category(asked.category, paging) if asked.category else store.newest(paging)


def _summaries(page: Page) -> JobPage:
    return JobPage(items=[JobSummary.of(row) for row in page.rows], next_cursor=page.next_cursor)


def _invitations(page: Page) -> InvitationPage:
    return InvitationPage(items=[InvitationView.of(row) for row in page.rows], next_cursor=page.next_cursor)
