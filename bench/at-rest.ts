import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/**
 * Waits until nothing follows any more: nothing in the outbox and in the log of events, and no message waits or is in hand. It asks by the partial
 * indexes of open messages, because a count over all of them was a seventh of what it measured.
 */
export async function atRest(asked: <Row>(text: string) => Promise<Row[]>): Promise<void> {
  for (;;) {
    const [row] = await asked<{ open: boolean }>(
      `select exists (select from kernel.outbox where sent_at is null and (not_before is null or not_before <= now()))
           or exists (select from kernel.event_log)
           or exists (select from pgboss.job where state < 'active' and name not like 'timer/%' and name <> 'dead-letters')
           or exists (select from pgboss.job where state = 'active') as open`,
    );
    if (row?.open === false) return;
    await sleep(POLL_MS);
  }
}
