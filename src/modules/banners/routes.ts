import { Banner, tooManyBanners } from '#banners';
import { forbidden, unauthenticated, versionMismatch } from '#kernel/problems.ts';
import { anyone, del, get, patch, permitted, post } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { announcesImage, uploadExpired } from '#media';
import { BANNERS } from './banner.ts';
import { ChangeBanner, changeBanner, deleteBanner } from './change-banner.ts';
import type { Banners } from './context.ts';
import { announceImage, CreateBanner, CreatedBanner, createBanner } from './create-banner.ts';
import { BannersQuery, listBanners } from './list-banners.ts';

export const routes = [
  get('/banners', {
    summary: 'Banners on show',
    description:
      'Banners that have an image and are scheduled for now, in their order. Staff with `catalog:write` see all with `show=all`.',
    access: anyone,
    query: BannersQuery,
    returns: page(Banner),
    ready: () => [BANNERS],
    problems: [unauthenticated, forbidden],
    handle: (ctx: Banners, { query }) => listBanners(ctx, query),
  }),
  post('/banners', {
    summary: 'Add a banner',
    description: 'It is on show once it has an image, from `startsAt` until `endsAt`. With `image` the reply says where to send the file.',
    access: permitted('catalog:write'),
    idempotent: true,
    body: CreateBanner,
    returns: CreatedBanner,
    status: 201,
    location: () => '/banners',
    etag: ({ version }) => version,
    problems: [tooManyBanners, uploadExpired],
    handle: (ctx: Banners, { body, key }) => createBanner(ctx, body, key),
  }),
  patch('/banners/{id}', {
    summary: 'Change a banner',
    description: 'A JSON Merge Patch: what is absent stays, and null empties.',
    access: permitted('catalog:write'),
    body: ChangeBanner,
    returns: Banner,
    etag: ({ version }) => version,
    problems: [versionMismatch],
    handle: (ctx: Banners, { params, body, ifMatch }) => changeBanner(ctx, params.id, body, ifMatch),
  }),
  del('/banners/{id}', {
    summary: 'Delete a banner',
    description: 'Its image goes with it.',
    access: permitted('catalog:write'),
    returns: null,
    problems: [versionMismatch],
    handle: (ctx: Banners, { params, ifMatch }) => deleteBanner(ctx, params.id, ifMatch),
  }),
  post('/banners/{id}/image', {
    summary: 'Announce an image of a banner',
    description: 'Send the file to the signed address of the reply. It takes the place of the older one once it has been checked.',
    access: permitted('catalog:write'),
    ...announcesImage,
    problems: [uploadExpired],
    handle: (ctx: Banners, { params, body, key }) => announceImage(ctx, params.id, body, key),
  }),
];
