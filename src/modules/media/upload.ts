import { z } from 'zod';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { isId } from '#kernel/ids.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { phraseIn } from '#mail/texts.ts';
import { Ending, Image, Purpose, type Refusal, type UploadState } from '#media';
import { uploadMachine } from './upload-state.ts';

export interface UploadRow {
  id: string;
  key: string;
  owner_id: string;
  purpose: Purpose;
  subject_id: string;
  file_name: string | null;
  content_type: string | null;
  size_bytes: number | null;
  source_url: string | null;
  alt: string;
  state: UploadState;
  reason: Refusal | null;
  image_hash: string | null;
  expires_at: Date;
  created_at: Date;
  arriving_since: Date | null;
  is_private: boolean;
  /** Of a private file that is stored. */
  file_key_sealed: string | null;
  arrived_hash: string | null;
  fetch_failures: number;
}

/** The columns of `UploadRow`. */
export const UPLOAD: Sql = sql`
  id, key, owner_id, purpose, subject_id, file_name, content_type, size_bytes, source_url, alt, state, reason, image_hash,
  is_private, file_key_sealed, arrived_hash, fetch_failures, expires_at, created_at, arriving_since`;

/** What a private file is stored as. */
export type PrivateType = 'image/jpeg' | 'application/pdf';
export const privateTypeOf = ({ content_type }: Pick<UploadRow, 'content_type'>): PrivateType =>
  content_type === 'application/pdf' ? content_type : 'image/jpeg';

/** What the events of an upload say of it. */
export const told = (row: UploadRow) => ({ mediaId: row.id, purpose: row.purpose, subjectId: row.subject_id, ownerId: row.owner_id });

/** Where the file of an upload is until it has been checked. */
export const objectKey = (id: string): string => `uploads/${id}`;

/** The upload that an object belongs to; undefined where its key is no upload's. */
export const idIn = (key: string): string | undefined => {
  const id = key.slice(objectKey('').length);
  return key === objectKey(id) && isId(id) ? id : undefined;
};

const SeenState = z.enum(['awaiting_upload', 'checking', 'attached', 'refused']);

/** What its owner sees of each state. */
const seenStates: Readonly<Record<UploadState, z.infer<typeof SeenState>>> = {
  awaiting_upload: 'awaiting_upload',
  checking: 'checking',
  ready: 'checking',
  attached: 'attached',
  refused: 'refused',
  removed: 'refused',
};

/** An upload as its owner sees it. */
export const MediaView = z
  .object({
    id: Id,
    purpose: Purpose,
    state: SeenState,
    fileName: z.string().nullable().meta({ example: 'lamp.jpg' }),
    reason: Ending.nullable().meta({ description: 'Why it was refused, or is shown no more', example: null }),
    explanation: z.string().nullable().meta({ description: 'The same as a sentence', example: null }),
    image: Image.nullable().meta({ description: 'Once it is attached' }),
    createdAt: Time,
  })
  .meta({ id: 'Media' });

export function mediaView(row: UploadRow, image: Image | null): z.infer<typeof MediaView> {
  const reason = row.state === 'removed' ? 'no-longer-needed' : row.reason;
  return {
    id: row.id,
    purpose: row.purpose,
    state: seenStates[row.state],
    fileName: row.file_name,
    reason,
    explanation: reason && phraseIn('en', reason),
    image,
    createdAt: row.created_at.toISOString(),
  };
}

export const findUpload = (db: Database, where: Sql): Promise<UploadRow | undefined> =>
  db.maybe<UploadRow>(sql`select ${UPLOAD} from media.uploads where ${where}`);

/** Brings an upload into a state, if its own allows the command. @returns the row as it is then; undefined where it does not. */
export const moveUpload = (
  db: Database,
  id: string,
  command: Parameters<typeof uploadMachine.after>[1],
  set: Sql,
): Promise<UploadRow | undefined> =>
  db.maybe<UploadRow>(sql`update media.uploads set ${set} where id = ${id} and ${uploadMachine.allows(command)} returning ${UPLOAD}`);
