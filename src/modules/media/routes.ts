import { notFound, unauthenticated } from '#kernel/problems.ts';
import { anyone, FileBody, get, owned, post, put } from '#kernel/routes.ts';
import { fileTypes, IMAGE_LIMIT_BYTES, uploadExpired } from '#media';
import type { Media } from './context.ts';
import { hearStore, StoreNotification } from './hear-store.ts';
import { otherFileArrived, readNotAllowed, uploadNotAllowed } from './problems.ts';
import { readImage } from './read-image.ts';
import { readPrivateFile } from './read-private-file.ts';
import { receiveForm } from './receive-form.ts';
import { Received, receiveUpload, SignedQuery } from './receive-upload.ts';
import { showUpload } from './show-upload.ts';
import { FORMATS } from './stored-image.ts';
import { MediaView } from './upload.ts';

/** What the fields of a form and the marks between its parts may take. */
const FORM_BYTES = 64 * 1024;
const FORM_FIELDS = ['key', 'Content-Type', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'Policy', 'X-Amz-Signature'];

export const routes = [
  post('/storage-notifications', {
    summary: 'Notify Souk of files that have arrived in the store',
    description:
      'For the store of `S3_BUCKET`, which sends `Authorization: Bearer` with `MEDIA_NOTIFICATION_SECRET`. What is not awaited is passed over.',
    access: anyone,
    audits: 'refusals',
    limit: 'uploads',
    body: StoreNotification,
    returns: null,
    problems: [unauthenticated, notFound],
    handle: (ctx: Media, { body, header }) => hearStore(ctx, body, header('authorization')),
    again: (ctx: Media, { body, header }) => hearStore(ctx, body, header('authorization')),
  }),
  get('/media/{id}', {
    summary: 'How an upload stands',
    description:
      'The state goes from `awaiting_upload` to `checking` to `attached`, or to `refused` with the reason. An upload that is no longer needed is `refused` too (`no-longer-needed`). Ask again after a second. An API key sees the uploads that it has announced itself.',
    access: owned('upload', undefined, ['catalog:write']),
    returns: MediaView,
    problems: [notFound],
    handle: (ctx: Media, { params, owner }) => showUpload(ctx, params.id, owner),
  }),
  get('/media/{hash}/{file}', {
    summary: 'One size of an image',
    description:
      'The address stands for the bytes, so it may be stored for ever. The file is `<width>.<avif|webp|jpg>`; which there are, the `sources` of an image say.',
    access: anyone,
    params: {
      hash: { description: 'What the address of an image says', example: 'q1Zb6xKxJb0m5R9dYw2hT8sVnC4eGfLuAiPoXk7Nz3M' },
      file: { description: 'Width and format of an image, as its address says', example: '400.webp' },
    },
    returns: FileBody,
    sends: Object.values(FORMATS),
    cacheControl: 'public, max-age=31536000, immutable',
    problems: [notFound],
    handle: (ctx: Media, { params }) => readImage(ctx, params.hash, params.file),
  }),
  get('/private-files/{id}', {
    summary: 'A private file',
    description:
      'The address, with its signature, is made for somebody who may see the file, and is good for minutes. Nobody may store the reply.',
    access: anyone,
    audits: 'refusals',
    query: SignedQuery,
    returns: FileBody,
    sends: ['image/jpeg', 'application/pdf'],
    problems: [readNotAllowed, notFound],
    handle: (ctx: Media, { params, url, header, headerNames }) => readPrivateFile(ctx, params.id, { url, header, headerNames }),
  }),
  put('/uploads/{id}', {
    summary: 'Send a file that was announced',
    description:
      'The address, with its signature, is `upload.url` of the call that announced the file. Type and size are those that were announced. The same file again answers how the upload stands, and stores nothing; another one is refused.',
    access: anyone,
    audits: 'refusals',
    limit: 'uploads',
    query: SignedQuery,
    streams: { types: fileTypes, orNone: true, limitBytes: IMAGE_LIMIT_BYTES },
    returns: Received,
    problems: [uploadNotAllowed, otherFileArrived, uploadExpired, notFound],
    handle: (ctx: Media, { url, header, headerNames, stream }) => receiveUpload(ctx, { url, header, headerNames, stream }),
  }),
  post('/uploads', {
    summary: 'Send a file that was announced, as a form',
    description: 'For browsers: the `form.fields` of the call that announced the file come first, then the file as `file`.',
    access: anyone,
    audits: 'refusals',
    limit: 'uploads',
    streams: { types: ['multipart/form-data'], fields: FORM_FIELDS, limitBytes: IMAGE_LIMIT_BYTES + FORM_BYTES },
    returns: Received,
    problems: [uploadNotAllowed, otherFileArrived, uploadExpired, notFound],
    handle: (ctx: Media, { header, stream }) => receiveForm(ctx, { header, stream }),
    actsAgain: 'The fields of the form name the upload: the same file again answers how that stands, and stores nothing.',
  }),
];
