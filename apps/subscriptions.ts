import { createInterface } from 'node:readline/promises';
import type { Composition } from '#kernel/compose.ts';
import { asOperator } from './operator.ts';
import { say } from './shell.ts';

/** Prints the queues that events go to. */
export async function listSubscriptions({ subscriptions }: Composition): Promise<void> {
  for (const { queue, addedAt, isKnown, undelivered } of await subscriptions.list())
    process.stdout.write(
      `${queue}\n       since ${addedAt.toISOString().slice(0, 10)}, ${undelivered} undelivered${isKnown ? '' : '; this version does not subscribe'}\n`,
    );
}

/**
 * Removes the subscription of a queue that no version consumes any more, and drops what waits in it.
 * @throws Error with a sentence for the operator when there is none, this version consumes it, or nobody confirms.
 */
export async function removeSubscription(souk: Composition, queue: string, isConfirmed: boolean): Promise<void> {
  const found = (await souk.subscriptions.list()).find((row) => row.queue === queue);
  if (!found) throw new Error(`there is no subscription ${queue}; "souk subscriptions" lists them`);
  if (found.isKnown) throw new Error(`this version consumes ${queue}: its next start would add it again`);
  if (!isConfirmed) await confirm(`${queue} gets no event any more, and ${found.undelivered} undelivered events are dropped.`);
  const dropped = await souk.subscriptions.remove(queue, asOperator('souk subscriptions remove', queue));
  say(`${queue} is removed; ${dropped} undelivered events were dropped.`);
}

async function confirm(consequence: string): Promise<void> {
  if (!process.stdin.isTTY) throw new Error(`${consequence} Add --yes if that is what you want`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${consequence} Type yes to go on: `);
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new Error('nothing was changed');
}
