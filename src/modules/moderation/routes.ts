import { get, permitted, post } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import type { Moderation } from './context.ts';
import { alreadyDecided, DecideItem, decideItem, showItem } from './decide-item.ts';
import { Item } from './item.ts';
import { listQueue, QueueQuery } from './list-queue.ts';

export const routes = [
  get('/moderation/queue', {
    summary: 'Items that wait for a moderator or were decided',
    description: 'Open items come oldest first, decided ones newest first. Reading them leaves an entry in the audit trail.',
    access: permitted('moderation:decide'),
    query: QueueQuery,
    returns: page(Item),
    problems: [],
    handle: (ctx: Moderation, { query }) => listQueue(ctx, query),
  }),
  post('/moderation/{id}/decision', {
    summary: 'Decide an item',
    description:
      'The module that owns the text then shows or removes it. A removal needs a reason. The same decision sent again gets the same reply.',
    access: permitted('moderation:decide'),
    body: DecideItem,
    returns: Item,
    problems: [alreadyDecided],
    handle: (ctx: Moderation, { params, body }) => decideItem(ctx, params.id, body),
    again: (ctx: Moderation, { params }) => showItem(ctx, params.id),
  }),
];
