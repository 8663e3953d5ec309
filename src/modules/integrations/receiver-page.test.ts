import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ROOT } from '../../../test/conventions.ts';
import { newWebhookSecret, webhookHeaders } from './signature.ts';

test('the receiver in docs/webhooks.md takes what is signed, once, and nothing else', async () => {
  const snippet = /```ts\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'docs/webhooks.md'), 'utf8'))![1]!;
  const folder = mkdtempSync(join(tmpdir(), 'souk-receiver-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'receiver.ts'), snippet);
  const secret = newWebhookSecret();
  vi.stubEnv('WEBHOOK_SECRET', secret);
  const logged = vi.spyOn(console, 'log').mockImplementation(() => {});
  const { server } = await import(/* @vite-ignore */ join(folder, 'receiver.ts'));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
    vi.unstubAllEnvs();
    logged.mockRestore();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const body = JSON.stringify({ type: 'orders.order-placed', timestamp: '2026-11-27T10:00:00.000Z', data: { orderId: 'a' } });
  const send = async (by: string) => {
    const headers = webhookHeaders({ id: 'message-1', at: new Date(), body, secrets: [by] });
    return (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method: 'POST', headers, body })).status;
  };

  expect([await send(secret), await send(secret), await send(newWebhookSecret())]).toEqual([204, 204, 401]);
  expect(logged.mock.calls).toEqual([['orders.order-placed', '2026-11-27T10:00:00.000Z', { orderId: 'a' }]]);
});
