import { versionMismatch } from '#kernel/problems.ts';
import { anyone, del, get, owned, patch, permitted, post, signedIn } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { textRefused } from '#moderation';
import { ChangeReview, changeReview } from './change-review.ts';
import type { Reviews } from './context.ts';
import { deleteReview } from './delete-review.ts';
import { Flag } from './flag.ts';
import { FlagReview, flagReview, ownReview, showFlag } from './flag-review.ts';
import { listReviewsBy, listReviewsOf, ReviewsQuery, readReview } from './list-reviews.ts';
import { ModerateReview, moderateReview } from './moderate-review.ts';
import { Review } from './review.ts';
import { reviewMachine } from './review-state.ts';
import { reviewsTopic } from './summary.ts';
import { alreadyReviewed, ownProduct, WriteReview, writeReview } from './write-review.ts';

const version = (review: Review) => review.version;

export const routes = [
  post('/products/{id}/reviews', {
    summary: 'Review a product',
    description:
      'Once per customer and product. It is marked as a verified purchase if the customer has ordered the product. If the text needs a check, the review is `pending` until then.',
    access: signedIn,
    idempotent: true,
    body: WriteReview,
    returns: Review,
    status: 201,
    location: ({ id }) => `/reviews/${id}`,
    etag: version,
    problems: [alreadyReviewed, ownProduct, textRefused],
    handle: (ctx: Reviews, { params, body, key }) => writeReview(ctx, params.id, body, key),
  }),
  get('/products/{id}/reviews', {
    summary: 'Reviews of a product',
    description: 'The public reviews of a product, newest first.',
    access: anyone,
    query: ReviewsQuery,
    returns: page(Review),
    ready: ({ id }) => [reviewsTopic(id.toLowerCase())],
    problems: [],
    handle: (ctx: Reviews, { params, query }) => listReviewsOf(ctx, params.id, query),
  }),
  get('/customers/{username}/reviews', {
    summary: 'Reviews by a customer',
    description: 'The public reviews of a customer, newest first.',
    access: anyone,
    query: ReviewsQuery,
    returns: page(Review),
    problems: [],
    handle: (ctx: Reviews, { params, query }) => listReviewsBy(ctx, params.username, query),
  }),
  get('/reviews/{id}', {
    summary: 'A review',
    description: 'Shows a public review. Its author and staff also see one that is hidden, with the reason.',
    access: anyone,
    returns: Review,
    etag: version,
    problems: [],
    handle: (ctx: Reviews, { params }) => readReview(ctx, params.id),
  }),
  patch('/reviews/{id}', {
    summary: 'Change a review of your own',
    description:
      'A JSON Merge Patch. If the new text needs a check, the review is hidden until staff decide. A hidden review cannot be changed.',
    access: owned('review'),
    body: ChangeReview,
    returns: Review,
    etag: version,
    problems: [reviewMachine.wrongState, versionMismatch, textRefused],
    handle: (ctx: Reviews, { params, body, owner, ifMatch }) => changeReview(ctx, params.id, body, { owner, ifMatch }),
  }),
  del('/reviews/{id}', {
    summary: 'Delete a review',
    description: 'After the author deletes it, it may be written again. After staff delete it, or when others had it hidden, it may not.',
    access: owned('review', 'reviews:moderate'),
    returns: null,
    problems: [versionMismatch],
    handle: async (ctx: Reviews, { params, owner, ifMatch }) => {
      await deleteReview(ctx, params.id, { owner, ifMatch });
      return undefined;
    },
  }),
  post('/reviews/{id}/flag', {
    summary: 'Flag a review',
    description:
      'Once per person; a repeated call gets the same reply. When enough people flag a review staff look at it. It is hidden until then if enough of their accounts are confirmed and not new.',
    access: signedIn,
    body: FlagReview,
    returns: Flag,
    status: 201,
    location: (_, { id }) => `/reviews/${id}`,
    problems: [ownReview],
    handle: (ctx: Reviews, { params, body }) => flagReview(ctx, params.id, body),
    again: (ctx: Reviews, { params }) => showFlag(ctx, params.id),
  }),
  post('/reviews/{id}/moderation', {
    summary: 'Approve, hide or remove a review',
    description:
      'Flags from before an approval do not count again. With If-Match a moderator decides the version that was read, and no newer one.',
    access: permitted('reviews:moderate'),
    body: ModerateReview,
    returns: Review,
    etag: version,
    problems: [reviewMachine.wrongState, versionMismatch],
    handle: (ctx: Reviews, { params, body, ifMatch }) => moderateReview(ctx, params.id, { ...body, ifMatch }),
    again: (ctx: Reviews, { params }) => readReview(ctx, params.id),
  }),
];
