import type { Composition } from '#kernel/compose.ts';
import { retryDeadLetters as retryAll } from '#kernel/dead-letters.ts';
import { isId } from '#kernel/ids.ts';
import { say } from './shell.ts';

/** Prints the newest hundred dead letters. */
export async function listDeadLetters({ deadLetters }: Composition, queue: string | undefined): Promise<void> {
  const letters = await deadLetters.list({ limit: 100, queue });
  for (const { id, queue, at, tries, reason, subjects } of letters)
    process.stdout.write(
      `${id}  ${queue}\n       ${at.toISOString().slice(0, 19)}Z, ${tries} tries: ${reason ?? 'no reason'}\n${subjects.length > 0 ? `       of ${subjects.join(', ')}\n` : ''}`,
    );
  say(letters.length === 0 ? 'There are no dead letters.' : `${letters.length} of ${await deadLetters.count()}.`);
}

/** Puts one back, or all. @throws Error with a sentence for the operator when there is no such dead letter. */
export async function retryDeadLetters({ deadLetters }: Composition, { id, queue }: { id?: string; queue?: string }): Promise<void> {
  if (id !== undefined) {
    if (!isId(id) || !(await deadLetters.retry(id))) throw new Error(`there is no dead letter ${id}`);
    return say('It is in its queue again.');
  }
  const there = await deadLetters.count();
  let retried = 0;
  for (let isMore = true; isMore && retried < there; ) {
    const turn = await retryAll(deadLetters, queue);
    retried += turn.retried;
    isMore = turn.isMore && turn.retried > 0;
  }
  say(`${retried} are in their queues again.`);
}
