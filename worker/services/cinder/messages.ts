// Messages: what went wrong after an answer had gone out.

import { z } from '@hono/zod-openapi';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { plainTime } from '../../http/times.ts';
import type { Message } from '../../project/contract.ts';
import { MESSAGE_SORT_KEYS } from '../../project/messages.ts';
import { ListParameters, listBody, pageFor } from './lists.ts';
import { links } from './shapes.ts';
import { SINCE } from './since.ts';
import { linksOf } from './views.ts';

const MessageView = z
  .strictObject({
    id: z.string(),
    event_id: z.string(),
    message_level: z.string(),
    user_message: z.string(),
    resource_type: z.string(),
    resource_uuid: z.string(),
    request_id: z.string().nullable(),
    created_at: z.string(),
    guaranteed_until: z.string(),
    links,
  })
  .openapi('CinderMessage');

const MessageList = ListParameters.extend({
  resource_type: z.string().optional(),
  resource_uuid: z.string().optional(),
  event_id: z.string().optional(),
  message_level: z.string().optional(),
});

function view(call: Call<unknown, unknown>, message: Message): z.input<typeof MessageView> {
  return {
    id: message.id,
    event_id: message.eventId,
    message_level: 'ERROR',
    user_message: message.text,
    resource_type: message.resourceType,
    resource_uuid: message.resourceId,
    request_id: message.requestId,
    created_at: plainTime(message.createdMs),
    guaranteed_until: plainTime(message.expiresMs),
    links: linksOf(call, 'messages', message.id),
  };
}

async function list(call: Call<z.output<typeof MessageList>, unknown>): Promise<Response> {
  const { query } = call;
  const page = await pageFor(call, MESSAGE_SORT_KEYS, (project, caller, paging) =>
    project.listMessages(caller, {
      ...(call.microversion >= SINCE.messagePages ? paging : {}),
      resourceType: query.resource_type,
      resourceId: query.resource_uuid,
      eventId: query.event_id,
    }),
  );
  return json(
    200,
    listBody(call, 'messages', page, (message) => view(call, message)),
  );
}

/** Registers the message calls of one version. */
export function messageRoutes(routes: Routes): void {
  const since = SINCE.messages;
  routes
    .get('/messages', {
      summary: 'List messages about what failed',
      since,
      query: MessageList,
      answers: { 200: z.object({ messages: z.array(MessageView), messages_links: links.optional() }) },
      handle: list,
    })
    .get('/messages/{message_id}', {
      summary: 'Show a message',
      since,
      answers: { 200: z.object({ message: MessageView }) },
      handle: async (call) => {
        const id = call.params.message_id!;
        const message = await call.find((project, caller) => project.getMessage(caller, id));
        return json(200, { message: view(call, message) });
      },
    })
    .delete('/messages/{message_id}', {
      summary: 'Delete a message',
      since,
      answers: { 204: null },
      handle: async (call) => {
        await call.find((project, caller) => project.deleteMessage(caller, call.params.message_id!));
        return empty(204);
      },
    });
}
