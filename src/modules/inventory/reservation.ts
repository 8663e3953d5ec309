import { empty, type Sql, sql } from '#kernel/database.ts';
import { leaving } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import { type Freshness, freshOf } from './level.ts';
import { type ReservationState, reservationMachine } from './reservation-state.ts';

export interface Line {
  variantId: string;
  quantity: number;
}

export interface Claim {
  key: string;
  state: 'taken' | 'reserved';
  lines: readonly Line[];
  expiresAt: string | null;
  at: Date;
}

export interface ClaimOutcome {
  /** How the key stood before, as far as this statement could see. */
  known: ReservationState | null;
  claimed: boolean;
  /** Variants of which there is not enough. */
  lacking: string[];
  fresh: Freshness[];
}

/**
 * Takes or keeps aside all lines, or none, in one statement. The levels are locked in the order of their ids, so no two
 * claims wait for each other in a circle; and a locked row is read as it is now, not as it was when the statement
 * began, so what is free is checked under the lock. The row of the key decides the rest: the call that writes it moves the units.
 * New figures are made of the locked ones: `level` itself is read as of the statement's beginning, and PostgreSQL checks
 * constraints on figures made of it before it notices that the row has changed.
 */
export const claimUnits = (claim: Claim): Sql => sql`
  with known as materialized (select state from inventory.reservations where key = ${claim.key}::uuid),
  ${claiming(claim, sql`not exists (select from known)`, sql`on conflict (key) do nothing`)}
  select (select state from known) as known, exists (select from claimed) as claimed,
         array(select variant_id from lacking order by variant_id) as lacking, ${freshOf(sql`changed`)} as fresh`;

/** The same for a key that is new: where a variant is lacking, or the key is known after all, the statement fails. It leaves the new levels. */
export const claimNewUnits = (claim: Claim): Sql => sql`
  with ${claiming(claim, sql`true`, empty)}
  select case when exists (select from lacking) then inventory.refuse_claim(array(select variant_id from lacking order by variant_id))
              else ${leaving('levels', sql`jsonb_build_object('levels', ${freshOf(sql`changed`)})`)} end`;

function claiming({ key, state, lines, expiresAt, at }: Claim, isUnknown: Sql, ifKnown: Sql): Sql {
  const wanted = summed(lines);
  const variantIds = wanted.map((line) => line.variantId);
  const quantities = wanted.map((line) => line.quantity);
  const taken = state === 'taken';
  return sql`
    asked as materialized (
      select ${variantIds}::uuid[] as variant_ids, ${quantities}::bigint[] as quantities, ${wanted.map(() => newId())}::uuid[] as movement_ids
    ),
    wanted as materialized (
      select line.* from asked, unnest(variant_ids, quantities, movement_ids) as line (variant_id, quantity, movement_id)
    ),
    locked as materialized (
      select level.* from inventory.levels level join wanted using (variant_id)
      where ${isUnknown}
      order by level.variant_id for no key update of level
    ),
    lacking as materialized (
      select variant_id from wanted left join locked using (variant_id) where coalesce(on_hand - reserved, 0) < quantity
    ),
    claimed as (
      insert into inventory.reservations (key, state, variant_ids, quantities, expires_at, created_at)
      select ${key}::uuid, ${state}::text, variant_ids, quantities, ${expiresAt}::timestamptz, ${at}::timestamptz from asked
      where not exists (select from lacking) and ${isUnknown}
      ${ifKnown}
      returning key
    ),
    changed as (
      update inventory.levels level
      set on_hand  = locked.on_hand  - case when ${taken}::boolean then quantity else 0 end,
          reserved = locked.reserved + case when ${taken}::boolean then 0 else quantity end,
          version  = locked.version + 1
      from claimed, wanted join locked using (variant_id)
      where level.variant_id = wanted.variant_id
      returning level.variant_id, level.on_hand, level.reserved, level.version, quantity, movement_id
    ),
    moved as (
      insert into inventory.movements (id, variant_id, change, on_hand, reason, reservation, at)
      select movement_id, variant_id, -quantity, on_hand, 'sold', ${key}::uuid, ${at}::timestamptz from changed where ${taken}::boolean
    )`;
}

export const stateOf = (key: string): Sql => sql`select state, expires_at as "expiresAt" from inventory.reservations where key = ${key}`;

/** Makes a reservation final: the units are sold. What is available does not change, so no event is sent. */
export const confirmReservation = (key: string, at: Date): Sql => sql`
  with confirmed as (
    update inventory.reservations set state = 'confirmed', ended_at = ${at}::timestamptz
    where key = ${key} and ${reservationMachine.allows('confirm')} and expires_at > ${at}::timestamptz
    returning variant_ids, quantities
  ),
  lines as materialized (select line.variant_id, line.quantity from confirmed, unnest(variant_ids, quantities) as line (variant_id, quantity)),
  locked as materialized (
    select level.*, lines.quantity from inventory.levels level join lines using (variant_id) order by level.variant_id for no key update of level
  ),
  changed as (
    update inventory.levels level
    set on_hand = locked.on_hand - quantity, reserved = locked.reserved - quantity, version = locked.version + 1
    from locked where level.variant_id = locked.variant_id
    returning level.variant_id, level.on_hand, quantity
  ),
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, reservation, at)
    select gen_random_uuid(), variant_id, -quantity, on_hand, 'sold', ${key}::uuid, ${at}::timestamptz from changed
  )
  select exists (select from confirmed) as confirmed`;

/**
 * Gives back what a key took or keeps aside; of a key that is not known, it leaves the mark that it was released.
 * `done` is false when the key was claimed while this statement ran: then it is to be sent again.
 */
export const releaseReservation = (key: string, at: Date): Sql => sql`
  with found as materialized (
    select key, state, variant_ids, quantities from inventory.reservations where key = ${key} for no key update
  ),
  marked as (
    insert into inventory.reservations (key, state, variant_ids, quantities, created_at, ended_at)
    select ${key}::uuid, 'released', '{}', '{}', ${at}::timestamptz, ${at}::timestamptz where not exists (select from found)
    on conflict (key) do nothing
    returning key
  ),
  released as (
    update inventory.reservations reservation set state = 'released', ended_at = ${at}::timestamptz
    from found where reservation.key = found.key and ${reservationMachine.allows('release', 'found.state')}
    returning found.state as was, found.variant_ids, found.quantities
  ),
  ${givingBack(sql`select was = 'reserved', line.variant_id, line.quantity from released, unnest(variant_ids, quantities) as line (variant_id, quantity)`)},
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, reservation, at)
    select gen_random_uuid(), variant_id, quantity, on_hand, 'given back', ${key}::uuid, ${at}::timestamptz from changed where not kept
  )
  select exists (select from found) or exists (select from marked) as done, ${freshOf(sql`changed`)} as fresh`;

/** Ends reservations whose time is over, oldest first; those that somebody is just confirming or releasing are left to them. */
export const expireReservations = (at: Date, limit: number): Sql => sql`
  with due as materialized (
    select key from inventory.reservations where ${reservationMachine.due('expire', at)}
    order by expires_at limit ${limit} for no key update skip locked
  ),
  expired as (
    update inventory.reservations reservation set state = 'expired', ended_at = ${at}::timestamptz
    from due where reservation.key = due.key
    returning variant_ids, quantities
  ),
  ${givingBack(sql`
    select true, line.variant_id, sum(line.quantity)::bigint from expired, unnest(variant_ids, quantities) as line (variant_id, quantity)
    group by line.variant_id`)}
  select (select count(*) from expired) as ended, ${freshOf(sql`changed`)} as fresh`;

/** Returns lines (reserved or not, variant, quantity) to the stock. Levels are locked in the order of their ids; `changed` has the new ones. */
export const givingBack = (lines: Sql): Sql => sql`
  lines (kept, variant_id, quantity) as materialized (${lines}),
  locked as materialized (
    select level.*, lines.kept, lines.quantity from inventory.levels level join lines using (variant_id) order by level.variant_id for no key update of level
  ),
  changed as (
    update inventory.levels level
    set on_hand  = locked.on_hand  + case when kept then 0 else quantity end,
        reserved = locked.reserved - case when kept then quantity else 0 end,
        version  = locked.version + 1
    from locked where level.variant_id = locked.variant_id
    returning level.variant_id, level.on_hand, level.reserved, level.version, kept, quantity
  )`;

/** One line per variant, in the order of their ids. */
export function summed(lines: readonly Line[]): Line[] {
  const totals = new Map<string, number>();
  for (const { variantId, quantity } of lines) totals.set(variantId.toLowerCase(), (totals.get(variantId.toLowerCase()) ?? 0) + quantity);
  return [...totals].map(([variantId, quantity]) => ({ variantId, quantity })).sort((a, b) => (a.variantId < b.variantId ? -1 : 1));
}
