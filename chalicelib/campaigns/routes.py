import json

from chalicelib.auth import Caller
from chalicelib.campaigns import actions, exports, store, tasks
from chalicelib.campaigns.schemas import (
    CampaignEventPage,
    CampaignEventView,
    CampaignPage,
    CampaignQuery,
    CampaignView,
    EditCampaign,
    HireGroupList,
    HireGroupView,
    RatedTasks,
    RateTasks,
    ResultsQuery,
    SubmitProof,
    TaskPage,
    TaskReceipt,
    TaskView,
    WriteCampaign,
    WriteGroup,
)
from chalicelib.campaigns.tasks import Proof
from chalicelib.db import Transaction
from chalicelib.documents import CSV, Document
from chalicelib.http import Routes
from chalicelib.reads import Page, Paging
from chalicelib.schemas import Command, ListQuery

routes = Routes(__name__, tag='Campaigns')


@routes.write('POST', '/campaigns', takes=WriteCampaign, answers=CampaignView, status=201)
def draft_campaign(tx: Transaction, caller: Caller, wanted: WriteCampaign) -> CampaignView:
    """Draft a campaign. Its tasks can be claimed once it is paid for."""
    return CampaignView.of(actions.draft(tx, caller.user_id, wanted.model_dump()))


@routes.write('PATCH', '/campaigns/{campaign_id}', takes=EditCampaign, answers=CampaignView)
def edit_campaign(tx: Transaction, caller: Caller, changes: Command, campaign_id: str) -> CampaignView:
    """Change a campaign that is not paid for yet."""
    return CampaignView.of(actions.edit(tx, caller, campaign_id, changes.given()))


@routes.read('/campaigns', answers=CampaignPage, query=CampaignQuery)
def list_campaigns(caller: Caller, asked: CampaignQuery) -> CampaignPage:
    """Campaigns that run, newest first; or yours."""
    paging = Paging(asked.limit, asked.cursor)
    page = store.posted_by(caller.user_id, paging) if asked.mine else store.running(asked.category, paging)
    return CampaignPage(items=[CampaignView.of_row(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.read('/campaigns/{campaign_id}', answers=CampaignView)
def show_campaign(caller: Caller, campaign_id: str) -> CampaignView:
    """One campaign, and how many of its positions are free."""
    campaign, _ = store.load_for(campaign_id, caller)
    return CampaignView.of(campaign)


@routes.write('POST', '/campaigns/{campaign_id}/pause', answers=CampaignView)
def pause_campaign(tx: Transaction, caller: Caller, campaign_id: str) -> CampaignView:
    """Let nobody claim for a while. What was claimed goes on."""
    return CampaignView.of(actions.move(tx, caller, campaign_id, 'pause'))


@routes.write('POST', '/campaigns/{campaign_id}/resume', answers=CampaignView)
def resume_campaign(tx: Transaction, caller: Caller, campaign_id: str) -> CampaignView:
    """Let workers claim again."""
    return CampaignView.of(actions.move(tx, caller, campaign_id, 'resume'))


@routes.write('POST', '/campaigns/{campaign_id}/stop', answers=CampaignView)
def stop_campaign(tx: Transaction, caller: Caller, campaign_id: str) -> CampaignView:
    """Let nobody claim any more.

    Once every task that was claimed is rated or out of time, what was not used goes into your wallet.
    """
    return CampaignView.of(actions.move(tx, caller, campaign_id, 'stop'))


@routes.write('POST', '/campaigns/{campaign_id}/tasks', answers=TaskReceipt, status=201)
def claim_task(tx: Transaction, caller: Caller, campaign_id: str) -> TaskReceipt:
    """Claim a position. It is yours until the time to finish is over."""
    return TaskReceipt.of(tasks.claim(tx, caller, campaign_id))


@routes.write('POST', '/campaigns/{campaign_id}/tasks/{task_id}/proof', takes=SubmitProof, answers=TaskReceipt)
def submit_proof(tx: Transaction, caller: Caller, said: SubmitProof, campaign_id: str, task_id: str) -> TaskReceipt:
    """Show that a task is done. If it is not rated in time, it is approved."""
    proof = Proof(said.text, said.file_ids, said.verification_code)
    return TaskReceipt.of(tasks.submit(tx, caller, campaign_id, task_id, proof))


@routes.write('POST', '/campaigns/{campaign_id}/ratings', takes=RateTasks, answers=RatedTasks)
def rate_tasks(tx: Transaction, caller: Caller, said: RateTasks, campaign_id: str) -> RatedTasks:
    """Rate up to 20 tasks at once, all of them or none. `ok` pays the worker; `nok` frees the position again."""
    rated = tasks.rate(tx, caller, campaign_id, [rating.model_dump() for rating in said.ratings])
    return RatedTasks(items=[TaskReceipt.of(task) for task in rated])


@routes.read('/campaigns/{campaign_id}/to-rate', answers=TaskPage, query=ListQuery)
def list_tasks_to_rate(caller: Caller, asked: ListQuery, campaign_id: str) -> TaskPage:
    """Tasks that wait for your rating, the oldest first."""
    store.load_as_buyer(campaign_id, caller)
    return _tasks(store.to_rate(campaign_id, Paging(asked.limit, asked.cursor)))


@routes.read('/campaigns/{campaign_id}/results', answers=TaskPage, query=ListQuery)
def list_results(caller: Caller, asked: ListQuery, campaign_id: str) -> TaskPage:
    """All tasks of a campaign of yours, as they were claimed."""
    store.load_as_buyer(campaign_id, caller)
    return _tasks(store.results(campaign_id, Paging(asked.limit, asked.cursor)))


@routes.read('/campaigns/{campaign_id}/results.csv', media_type=CSV, query=ResultsQuery)
def export_results(caller: Caller, asked: ResultsQuery, campaign_id: str) -> Document:
    """All tasks of a campaign of yours as a spreadsheet reads them. What does not fit in is led to by the `Link` header."""
    store.load_as_buyer(campaign_id, caller)
    return exports.results(campaign_id, asked)


@routes.read('/campaigns/{campaign_id}/events', answers=CampaignEventPage, query=ListQuery)
def list_campaign_events(caller: Caller, asked: ListQuery, campaign_id: str) -> CampaignEventPage:
    """What has happened to a campaign of yours, oldest first."""
    store.load_as_buyer(campaign_id, caller)
    page = store.events(campaign_id, Paging(asked.limit, asked.cursor))
    items = [CampaignEventView.model_validate({**row, 'data': json.loads(row['data'])}) for row in page.rows]
    return CampaignEventPage(items=items, next_cursor=page.next_cursor)


@routes.read('/me/tasks', answers=TaskPage, query=ListQuery)
def list_my_tasks(caller: Caller, asked: ListQuery) -> TaskPage:
    """Tasks that you have claimed, newest first."""
    return _tasks(store.worked_on_by(caller.user_id, Paging(asked.limit, asked.cursor)))


@routes.write('POST', '/hire-groups', takes=WriteGroup, answers=HireGroupView, status=201)
def make_hire_group(tx: Transaction, caller: Caller, wanted: WriteGroup) -> HireGroupView:
    """Make a list of workers whom a campaign may be for."""
    return HireGroupView.of(actions.make_group(tx, caller.user_id, wanted.name, wanted.worker_ids))


@routes.write('PUT', '/hire-groups/{group_id}', takes=WriteGroup, answers=HireGroupView)
def set_hire_group(tx: Transaction, caller: Caller, wanted: WriteGroup, group_id: str) -> HireGroupView:
    """Change a list of workers. It holds for campaigns that run already."""
    return HireGroupView.of(actions.set_group(tx, caller.user_id, group_id, wanted.name, wanted.worker_ids))


@routes.read('/hire-groups', answers=HireGroupList)
def list_hire_groups(caller: Caller) -> HireGroupList:
    """Your lists of workers."""
    return HireGroupList(items=[HireGroupView.of_row(row) for row in store.groups_of(caller.user_id)])


def _tasks(page: Page) -> TaskPage:
    return TaskPage(items=[TaskView.of_row(row) for row in page.rows], next_cursor=page.next_cursor)
