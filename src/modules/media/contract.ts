import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { Id, isOneLine, isVisible, line, NOT_ONE_LINE, Time, webAddress } from '#kernel/shapes.ts';

export * from './contract-images.ts';

/** Content types of images. The content itself is checked when the file has arrived. Many clients write `image/jpg` for JPEG. */
export const imageTypes = ['image/jpeg', 'image/jpg', 'image/png', 'image/webp', 'image/avif', 'image/gif'] as const;

export const IMAGE_LIMIT_BYTES = 20 * 1024 * 1024;

/** All types that files may come as. */
export const fileTypes = [...imageTypes, 'application/pdf'] as const;

interface PurposeRules {
  /** Public: everybody may see it, in several sizes. Private: stored encrypted, and read by addresses that are good for minutes. */
  readonly visibility: 'public' | 'private';
  readonly types: readonly (typeof fileTypes)[number][];
}

/** The purposes of files, who may see them, and their content types. */
export const purposes = {
  'product-image': { visibility: 'public', types: imageTypes },
  'category-image': { visibility: 'public', types: imageTypes },
  'banner-image': { visibility: 'public', types: imageTypes },
  'profile-picture': { visibility: 'public', types: imageTypes },
  'identity-document': { visibility: 'private', types: fileTypes },
} as const satisfies Readonly<Record<string, PurposeRules>>;

export const Purpose = z.enum(Object.keys(purposes) as [keyof typeof purposes, ...(keyof typeof purposes)[]]);
export type Purpose = z.infer<typeof Purpose>;

const rulesOf = (purpose: Purpose): PurposeRules => purposes[purpose];
export const isPrivate = (purpose: Purpose): boolean => rulesOf(purpose).visibility === 'private';

/** What an image shows, for those who do not see it; it may be empty where it says nothing. */
export const Alt = z
  .string()
  .trim()
  .max(300)
  .refine(isOneLine, NOT_ONE_LINE)
  .refine((text) => text === '' || isVisible(text), 'must be empty, or hold something to see');

/** The owner of files that no account has announced: the shop, by the id that it sells under. */
export const SHOP_ID = '00000000-0000-8000-8000-000000000001';

/** The body of every call that announces an image. */
export const AnnounceUpload = z
  .strictObject({
    fileName: line(200).meta({ description: 'As its owner calls it; it names nothing in the store' }),
    contentType: z.enum(imageTypes),
    sizeBytes: z.int().min(1).max(IMAGE_LIMIT_BYTES).meta({ description: 'Exactly: the store takes no byte more or less' }),
    alt: Alt.optional().meta({ description: 'What the image shows, for those who do not see it' }),
  })
  .meta({ id: 'AnnounceUpload', example: { fileName: 'lamp.jpg', contentType: 'image/jpeg', sizeBytes: 184_320, alt: 'A red desk lamp' } });
export type AnnounceUpload = z.infer<typeof AnnounceUpload>;

const text = z.string();
const example = 'http://localhost:3000/v1/uploads/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01';

/** The same, where the size may not be known. */
export const AnnouncedFile = AnnounceUpload.extend({ sizeBytes: AnnounceUpload.shape.sizeBytes.nullable() });
export type AnnouncedFile = z.infer<typeof AnnouncedFile>;

/** The reply of every call that announces an image: where to send the file. */
export const Upload = z
  .object({
    id: Id,
    state: z.literal('awaiting_upload'),
    upload: z
      .object({
        method: z.literal('PUT'),
        url: text.meta({ example: `${example}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=…` }),
        headers: z.record(text, text).meta({ example: { 'Content-Type': 'image/jpeg' } }),
        expiresAt: Time,
      })
      .meta({ description: 'A PUT of the file, with these headers' }),
    form: z
      .object({
        url: text.meta({ example: 'http://localhost:3000/v1/uploads' }),
        fields: z.record(text, text).meta({ example: { key: 'uploads/0199…' } }),
      })
      .meta({ description: 'The same as a POST of multipart/form-data: these fields, then the file as `file`' }),
  })
  .meta({ id: 'Upload' });
export type Upload = z.infer<typeof Upload>;

/** What every route that announces an image takes and answers. */
export const announcesImage = {
  idempotent: true,
  body: AnnounceUpload,
  returns: Upload,
  status: 201,
  location: ({ id }: Upload) => `/media/${id}`,
} as const;

const Url = text.meta({ example: 'http://localhost:3000/v1/media/Zm9vYmFyYmF6/400.webp' });

/** An image as everybody may see it. Its addresses stand for ever; other bytes have other addresses. */
export const Image = z
  .object({
    id: Id,
    url: Url.meta({
      description: 'The largest JPEG: every program can show it',
      example: 'http://localhost:3000/v1/media/Zm9vYmFyYmF6/1200.jpg',
    }),
    alt: z.string().meta({ example: 'A red desk lamp' }),
    width: z.int().meta({ example: 1200 }),
    height: z.int().meta({ example: 900 }),
    sources: z
      .array(z.object({ width: z.int().meta({ example: 400 }), avif: Url, webp: Url, jpeg: Url }))
      .meta({ description: 'Smaller sizes, narrowest first, for `srcset`' }),
  })
  .meta({ id: 'Image' });
export type Image = z.infer<typeof Image>;

/** Why a file is none that Souk takes. */
export const Refusal = z.enum([
  'never-arrived',
  'empty',
  'wrong-size',
  'wrong-type',
  'not-an-image',
  'truncated',
  'animated',
  'trailing-data',
  'too-many-pixels',
  'inappropriate',
  'not-fetched',
  'not-a-document',
  'active-content',
]);
export type Refusal = z.infer<typeof Refusal>;

/** What an upload ended with, as its owner sees it: a refusal, or that nobody shows the file, or waits for it, any more. */
export const Ending = z.enum([...Refusal.options, 'no-longer-needed']);

export const uploadStates = ['awaiting_upload', 'checking', 'ready', 'attached', 'refused', 'removed'] as const;
export type UploadState = (typeof uploadStates)[number];

const OfUpload = z.object({ mediaId: Id, purpose: Purpose, subjectId: Id, ownerId: Id });

/** An image was checked, made smaller and stored. The module that it is for stores it and calls `attach`. Its subject is `subjectId`. */
export const imageReady = event('media.image-ready', 1, OfUpload.extend({ alt: z.string(), image: Image }));
/** A private file was checked and stored encrypted. The module that it is for notes it and calls `attach`. Its subject is `subjectId`. */
export const fileReady = event('media.file-ready', 1, OfUpload.extend({ contentType: z.enum(fileTypes) }));
/** A file that was announced is none that is taken, or never came. Its subject is `subjectId`. */
export const uploadRefused = event('media.upload-refused', 1, OfUpload.extend({ reason: Refusal }));

const Announced = OfUpload.omit({ mediaId: true }).extend({ key: Id });
const Announcement = Announced.extend({ ...AnnouncedFile.shape, contentType: z.enum(fileTypes) })
  .refine(({ purpose, contentType }) => rulesOf(purpose).types.includes(contentType), {
    error: 'is no type of this purpose',
    path: ['contentType'],
  })
  .refine(({ purpose, sizeBytes }) => sizeBytes !== null || !isPrivate(purpose), { error: 'must be known', path: ['sizeBytes'] });
const Fetch = Announced.extend({ url: webAddress(z.url()), alt: Alt }).refine(({ purpose }) => !isPrivate(purpose), {
  error: 'is never fetched',
  path: ['purpose'],
});

/** How long an address of a private file may be good. */
export const MOST_READ_SECONDS = 300;

/** What was to be sent is over, whatever it was announced with: a repeated call that made something shows it without an address. */
export const unlessExpired = (error: unknown): undefined => {
  if (!uploadExpired.is(error)) throw error;
  return undefined;
};

export const uploadExpired = problem({
  code: 'media/upload-expired',
  status: 409,
  title: 'The upload is over',
  detail:
    'The file that was announced was not sent in time, was refused, or is no longer needed. Announce it again, with a new Idempotency-Key.',
});

export const media = contract('media', {
  operations: {
    /**
     * Expects a file. The same key: the same upload, and the same reply, as long as its address is good or its file has come. `ownerId` may ask how it stands. Where nobody knows the size
     * (`sizeBytes` null), the address alone is enough to send it, and only the most that an image may have is enforced.
     */
    announce: operation({ input: Announcement, output: Upload, problems: [uploadExpired] }),
    /** Fetches an image from an address, by a job; after that it is as if it had been uploaded. The same key: the same one. */
    fetch: operation({ input: Fetch, output: z.object({ id: Id }) }),
    /** The module that a file is for has stored it. Repeating it changes nothing; one that was discarded stays so. Earlier uploads of a subject with one image are over. */
    attach: operation({ input: z.object({ id: Id }), output: z.object({}) }),
    /** Images that nobody shows any more, or uploads that nobody waits for. Their files go once no other image has the same. */
    discard: operation({ input: z.object({ ids: z.array(Id).max(1000), reason: z.string().max(200) }), output: z.object({}) }),
    /** The states of uploads, and the names that their owners gave the files: null for files that Souk fetched. Unknown ids are left out. */
    uploads: operation({
      input: z.object({ ids: z.array(Id).max(200) }),
      output: z.object({
        uploads: z.array(z.object({ id: Id, state: z.enum(uploadStates), reason: Refusal.nullable(), fileName: text.nullable() })),
      }),
    }),
    /**
     * An address that reads a private file for so many seconds. Everybody who has the address can use it, so the module above judges first
     * who may. The file must be attached; once it is discarded the address answers 404.
     */
    readPrivate: operation({
      input: z.object({ id: Id, seconds: z.int().min(1).max(MOST_READ_SECONDS) }),
      output: z.object({ url: text, expiresAt: Time }),
      problems: [notFound],
    }),
  },
  events: { imageReady, fileReady, uploadRefused },
});
