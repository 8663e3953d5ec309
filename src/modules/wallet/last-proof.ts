import { sql } from '#kernel/database.ts';
import type { Wallet } from './context.ts';

/** Notes that the ledger was proven without a fault, for the metrics. A proof holds also where it cannot be noted. */
export const noteProof = ({ db, clock, log }: Wallet): Promise<unknown> =>
  db
    .execute(sql`
      insert into wallet.last_proof (at) values (${clock.now()})
      on conflict (one) do update set at = greatest(last_proof.at, excluded.at)`)
    .catch((error) => log.warn({ err: error }, 'the time of a proof could not be noted'));
