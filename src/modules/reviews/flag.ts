import { z } from 'zod';
import { type Sql, sql } from '#kernel/database.ts';
import { Id, line, Time } from '#kernel/shapes.ts';

export const FlagReason = line(500).meta({ example: 'It is about another product.' });

export const Flag = z.object({ reviewId: Id, reason: z.string(), createdAt: Time }).meta({ id: 'Flag' });
export type Flag = z.infer<typeof Flag>;

export interface FlagRow {
  review_id: string;
  reason: string;
  at: Date;
}

export interface NewFlag {
  reviewId: string;
  person: string;
  reason: string;
  /** Toward hiding the review. */
  counts: boolean;
  at: Date;
}

/** Writes a flag, unless the person has flagged the review before. */
export const flagInsert = ({ reviewId, person, reason, counts, at }: NewFlag): Sql => sql`
  insert into reviews.flags (review_id, person, reason, counts, at) values (${reviewId}, ${person}, ${reason}, ${counts}, ${at})
  on conflict do nothing returning review_id, reason, at`;

export const flagOf = (reviewId: string, person: string): Sql =>
  sql`select review_id, reason, at from reviews.flags where review_id = ${reviewId} and person = ${person}`;

/** What a person has flagged; the reasons of those whose review was erased are gone. */
export const flagsBy = (person: string, rows: number): Sql =>
  sql`select review_id, reason, at from reviews.flags where person = ${person} order by at desc, review_id limit ${rows}`;

export interface OpenFlags {
  all: number;
  /** Those that count toward hiding the review. */
  counting: number;
}

/** How many people have flagged a review since staff last approved it. */
export const openFlags = (reviewId: string): Sql => sql`
  select count(*)::int as all, count(*) filter (where counts)::int as counting
  from reviews.flags where review_id = ${reviewId} and not settled`;

/** Which of these reviews have flags that staff have not resolved yet. */
export const flaggedAmong = (reviewIds: readonly string[]): Sql =>
  sql`select distinct review_id from reviews.flags where review_id = any(${reviewIds}::uuid[]) and not settled`;

export const flagsResolve = (reviewId: string): Sql =>
  sql`update reviews.flags set settled = true where review_id = ${reviewId} and not settled`;

/** What a person wrote of others' reviews. */
export const flagReasonsErase = (person: string): Sql =>
  sql`update reviews.flags set reason = '' where person = ${person} and reason <> ''`;

/** Reasons that others wrote about erased reviews: they may repeat their text. */
export const flagReasonsOfErase = (reviewIds: readonly string[]): Sql =>
  sql`update reviews.flags set reason = '' where review_id = any(${reviewIds}::uuid[]) and reason <> ''`;

export const flagView = ({ review_id, reason, at }: FlagRow): Flag => ({ reviewId: review_id, reason, createdAt: at.toISOString() });
