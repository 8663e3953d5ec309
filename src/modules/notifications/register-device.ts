import type { z } from 'zod';
import { newId } from '#kernel/ids.ts';
import { invalid, notFound } from '#kernel/problems.ts';
import type { Notifications } from './context.ts';
import {
  type Device,
  type DeviceRow,
  devicePlace,
  devicesOf,
  deviceView,
  dropDevice,
  dropOldDevices,
  type Subscription,
  upsertDevice,
} from './device.ts';

/** Registers a browser for push messages. The same one again replaces itself. @throws invalid when its address may not be called. */
export async function registerDevice(
  ctx: Notifications,
  { endpoint, keys }: z.infer<typeof Subscription>,
): Promise<z.infer<typeof Device>> {
  const refusal = await ctx.push.refusalOf(endpoint);
  if (refusal) throw invalid({ errors: [{ pointer: '/endpoint', detail: refusal, in: 'body' }] });
  const id = newId();
  const sealed = ctx.secrets.seal(JSON.stringify({ endpoint, keys }), devicePlace(id));
  const index = ctx.secrets.blindIndex(endpoint, 'notifications.endpoint');
  const row = await ctx.db.transaction(async (tx) => {
    const made = await tx.one<DeviceRow>(upsertDevice({ id, accountId: ctx.actor.id, index, sealed, now: ctx.clock.now() }));
    await tx.execute(dropOldDevices(ctx.actor.id));
    if (ctx.request) ctx.request.subject = id;
    return made;
  });
  return deviceView(ctx.secrets, row);
}

export const listDevices = async (ctx: Notifications): Promise<{ items: z.infer<typeof Device>[] }> => ({
  items: (await devicesOf(ctx.db, ctx.actor.id)).map((row) => deviceView(ctx.secrets, row)),
});

/** The reply to a registration that was made before. @throws notFound when the browser is forgotten, or was registered again. */
export async function showDevice(ctx: Notifications, id: string | null): Promise<z.infer<typeof Device>> {
  const row = (await devicesOf(ctx.db, ctx.actor.id)).find((device) => device.id === id);
  if (!row) throw notFound();
  return deviceView(ctx.secrets, row);
}

export async function removeDevice(ctx: Notifications, id: string): Promise<undefined> {
  if ((await dropDevice(ctx.db, id, ctx.actor.id)) === 0) throw notFound();
}
