// Transfers of volumes between projects: os-volume-transfer, and volume-transfers from 3.55.

import { z } from '@hono/zod-openapi';
import { clearableText, optionalFlag } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { plainTime } from '../../http/times.ts';
import type { Transfer } from '../../project/contract.ts';
import { TRANSFER_SORT_KEYS } from '../../project/transfers.ts';
import { ListParameters, listBody, pageFor } from './lists.ts';
import { links } from './shapes.ts';
import { SINCE } from './since.ts';
import { linksOf } from './views.ts';

const CreateBody = z.object({
  transfer: z.object({ volume_id: z.string(), name: clearableText, no_snapshots: optionalFlag }),
});
const AcceptBody = z.object({ accept: z.object({ auth_key: z.string().min(1).max(255) }) });

const TransferList = ListParameters.extend({ name: z.string().optional(), volume_id: z.string().optional() });

const TransferSummary = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  volume_id: z.string(),
  links,
});
const TransferDetail = TransferSummary.extend({
  created_at: z.string(),
  no_snapshots: z.boolean().optional(),
  source_project_id: z.string().optional(),
  destination_project_id: z.string().nullable().optional(),
  accepted: z.boolean().optional(),
}).openapi('CinderTransfer');
const CreatedTransfer = TransferDetail.extend({ auth_key: z.string() });

type AnyCall = Call<unknown, unknown>;

const COLLECTION = 'os-volume-transfer';

function summaryView(call: AnyCall, transfer: Transfer): z.input<typeof TransferSummary> {
  const { id, name, volumeId } = transfer;
  return { id, name, volume_id: volumeId, links: linksOf(call, COLLECTION, id) };
}

function detailView(call: AnyCall, transfer: Transfer): z.input<typeof TransferDetail> {
  return {
    ...summaryView(call, transfer),
    created_at: plainTime(transfer.createdMs),
    ...(call.microversion >= SINCE.transfersWithSnapshots ? { no_snapshots: transfer.noSnapshots } : {}),
    ...(call.microversion >= SINCE.transferHistory
      ? {
          source_project_id: transfer.sourceProjectId,
          destination_project_id: transfer.destinationProjectId,
          accepted: transfer.accepted,
        }
      : {}),
  };
}

async function list(call: Call<z.output<typeof TransferList>, unknown>, detailed: boolean): Promise<Response> {
  const { query } = call;
  // Before there were pages of transfers, the oldest came first.
  const sort = query.sort ?? query.sort_key;
  const oldestFirst = call.microversion < SINCE.transferPages || sort === undefined;
  const page = await pageFor(call, TRANSFER_SORT_KEYS, (project, caller, paging) =>
    project.listTransfers(caller, {
      ...paging,
      ...(oldestFirst ? { sort: [{ key: 'created_at', dir: 'asc' }] } : {}),
      name: query.name,
      volumeId: query.volume_id,
    }),
  );
  const view = detailed ? detailView : summaryView;
  return json(
    200,
    listBody(call, 'transfers', page, (transfer) => view(call, transfer)),
  );
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { volume_id: volumeId, name, no_snapshots: noSnapshots } = call.body.transfer;
  const made = await call.find((project, caller) =>
    project.createTransfer(caller, {
      volumeId,
      name,
      noSnapshots: call.microversion >= SINCE.transfersWithSnapshots ? noSnapshots : false,
    }),
  );
  return json(202, { transfer: { ...detailView(call, made.transfer), auth_key: made.authKey } });
}

/** Registers the transfer calls of one version. */
export function transferRoutes(routes: Routes): void {
  const listAnswer = (item: z.ZodType) => z.object({ transfers: z.array(item), transfers_links: links.optional() });
  for (const [path, since] of [
    ['/os-volume-transfer', 0],
    ['/volume-transfers', SINCE.transfersWithSnapshots],
  ] as const) {
    routes
      .post(path, {
        summary: 'Offer a volume to whoever has the key that is answered',
        since,
        body: CreateBody,
        answers: { 202: z.object({ transfer: CreatedTransfer }) },
        handle: create,
      })
      .get(path, {
        summary: 'List transfers',
        since,
        query: TransferList,
        answers: { 200: listAnswer(TransferSummary) },
        handle: (call) => list(call, false),
      })
      .get(`${path}/detail`, {
        summary: 'List transfers with details',
        since,
        query: TransferList,
        answers: { 200: listAnswer(TransferDetail) },
        handle: (call) => list(call, true),
      })
      .get(`${path}/{transfer_id}`, {
        summary: 'Show a transfer',
        since,
        answers: { 200: z.object({ transfer: TransferDetail }) },
        handle: async (call) => {
          const id = call.params.transfer_id!;
          const transfer = await call.find((project, caller) => project.getTransfer(caller, id));
          return json(200, { transfer: detailView(call, transfer) });
        },
      })
      .delete(`${path}/{transfer_id}`, {
        summary: 'Take an offer back',
        since,
        answers: { 202: null },
        handle: async (call) => {
          await call.find((project, caller) => project.deleteTransfer(caller, call.params.transfer_id!));
          return empty(202);
        },
      })
      .post(`${path}/{transfer_id}/accept`, {
        summary: 'Take the volume that is offered',
        since,
        body: AcceptBody,
        answers: { 202: z.object({ transfer: TransferSummary }) },
        handle: async (call) => {
          const { auth_key: authKey } = call.body.accept;
          const transfer = await call.ask((project, caller) =>
            project.acceptTransfer(caller, call.params.transfer_id!, authKey),
          );
          return json(202, { transfer: summaryView(call, transfer) });
        },
      });
  }
}
