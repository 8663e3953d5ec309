import { notFound, versionMismatch } from '#kernel/problems.ts';
import { anyone, del, get, post, signedIn } from '#kernel/routes.ts';
import { announcesImage, uploadExpired } from '#media';
import { announcePicture, removePicture } from './change-picture.ts';
import type { Profiles } from './context.ts';
import { Profile, showProfile } from './show-profile.ts';

export const routes = [
  get('/users/{userId}/profile', {
    summary: 'The public profile of an account',
    description: 'Shows the public name of an account, its picture, its verifications, and since when it exists.',
    access: anyone,
    returns: Profile,
    etag: ({ version }) => version,
    problems: [notFound],
    handle: (ctx: Profiles, { params }) => showProfile(ctx, params.userId),
  }),
  post('/users/profile/picture', {
    summary: 'Announce a picture for your profile',
    description:
      'Send the file to the signed address of the reply. It is shown instead of the older one once it has been checked; GET /v1/media/{id} says how it stands. ' +
      'The picture that was announced last is shown.',
    access: signedIn,
    ...announcesImage,
    problems: [uploadExpired],
    handle: (ctx: Profiles, { body, key }) => announcePicture(ctx, body, key),
  }),
  del('/users/profile/picture', {
    summary: 'Remove the picture of your profile',
    description:
      'What was announced before and has not arrived yet does not become one. Repeating it changes nothing. If-Match takes the ETag of your profile.',
    access: signedIn,
    returns: null,
    problems: [versionMismatch],
    handle: (ctx: Profiles, { ifMatch }) => removePicture(ctx, ifMatch),
  }),
];
