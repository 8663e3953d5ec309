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

/** Writes a flag, unless the person has flagged the review before. */
export const flagInsert = (reviewId: string, person: string, reason: string, at: Date): Sql => sql`
  insert into reviews.flags (review_id, person, reason, at) values (${reviewId}, ${person}, ${reason}, ${at})
  on conflict do nothing returning review_id, reason, at`;

export const flagOf = (reviewId: string, person: string): Sql =>
  sql`select review_id, reason, at from reviews.flags where review_id = ${reviewId} and person = ${person}`;

/** What a person has flagged; the reasons of those whose review was erased are gone. */
export const flagsBy = (person: string, rows: number): Sql =>
  sql`select review_id, reason, at from reviews.flags where person = ${person} order by at desc, review_id limit ${rows}`;

/** How many people have flagged a review since staff last approved it. */
export const openFlags = (reviewId: string): Sql =>
  sql`select count(*)::int as count from reviews.flags where review_id = ${reviewId} and not settled`;

export const flagsSettle = (reviewId: string): Sql =>
  sql`update reviews.flags set settled = true where review_id = ${reviewId} and not settled`;

/** What a person wrote of others' reviews. */
export const flagReasonsErase = (person: string): Sql =>
  sql`update reviews.flags set reason = '' where person = ${person} and reason <> ''`;

/** What others wrote of reviews that are erased: it may say what these said. */
export const flagReasonsOfErase = (reviewIds: readonly string[]): Sql =>
  sql`update reviews.flags set reason = '' where review_id = any(${reviewIds}::uuid[]) and reason <> ''`;

export const flagView = ({ review_id, reason, at }: FlagRow): Flag => ({ reviewId: review_id, reason, createdAt: at.toISOString() });
