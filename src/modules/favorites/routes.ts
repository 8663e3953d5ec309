import { notFound, versionMismatch } from '#kernel/problems.ts';
import { del, get, owned, patch, post, signedIn } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { AddFavorite, addFavorite, tooManyFavorites } from './add-favorite.ts';
import { ChangeFavorite, changeFavorite, nothingToTell, removeFavorite } from './change-favorite.ts';
import type { Favorites } from './context.ts';
import { Favorite } from './favorite.ts';
import { FavoritesQuery, listFavorites } from './list-favorites.ts';

export const routes = [
  get('/favorites', {
    summary: 'Your favorites, newest first',
    description: 'Products with their price and stock, and people. What is not public at the moment is shown by its id alone.',
    access: signedIn,
    query: FavoritesQuery,
    returns: page(Favorite),
    problems: [],
    handle: (ctx: Favorites, { query }) => listFavorites(ctx, query),
  }),
  post('/favorites', {
    summary: 'Add a favorite',
    description:
      'A public product, or a person with a public profile. It exists once: a repeated call answers 200 with the one that exists, and what it says in ' +
      '`notify` counts from then on. With an Idempotency-Key, a repeated call answers with the favorite as it is now and changes nothing more. An account may have 500 favorites, or as many as the operator allows.',
    access: signedIn,
    idempotent: true,
    body: AddFavorite,
    returns: Favorite,
    etag: ({ version }) => version,
    status: 201,
    mayExist: true,
    location: () => '/favorites',
    problems: [notFound, tooManyFavorites],
    handle: (ctx: Favorites, { body, key }) => addFavorite(ctx, body, key),
  }),
  patch('/favorites/{id}', {
    summary: 'Choose what you are told of a favorite',
    description: 'A JSON Merge Patch: an absent field does not change. Notices are for products.',
    access: owned('favorite'),
    body: ChangeFavorite,
    returns: Favorite,
    etag: ({ version }) => version,
    problems: [notFound, nothingToTell, versionMismatch],
    handle: (ctx: Favorites, { params, body, ifMatch }) => changeFavorite(ctx, params.id, body, ifMatch),
  }),
  del('/favorites/{id}', {
    summary: 'Remove a favorite',
    description: 'Nothing more is told of it.',
    access: owned('favorite'),
    returns: null,
    problems: [notFound, versionMismatch],
    handle: (ctx: Favorites, { params, ifMatch }) => removeFavorite(ctx, params.id, ifMatch),
  }),
];
