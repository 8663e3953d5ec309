import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { problem } from '#kernel/problems.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { AnnouncedFile, Image, Upload } from '#media';

export const Banner = z
  .object({
    id: Id,
    placement: z.string().meta({ example: 'home' }),
    link: z.string().nullable().meta({ description: 'Where it leads to', example: '/products?category=phone' }),
    image: Image.nullable().meta({ description: 'null until its file has come: the banner is not shown before' }),
    alt: z.string(),
    startsAt: Time.nullable(),
    endsAt: Time.nullable(),
    position: z.int(),
    version: z.int(),
  })
  .meta({ id: 'Banner' });
export type Banner = z.infer<typeof Banner>;

export const MOST_BANNERS = 1000;
export const tooManyBanners = problem({
  code: 'banners/too-many-banners',
  status: 409,
  title: 'Too many banners',
  detail: `There are at most ${MOST_BANNERS} banners. Delete those that are over.`,
});

/** Where banners are when nobody says it. */
export const HOME = 'home';

export const banners = contract('banners', {
  operations: {
    /** The banners on show now, in their order, at most 100; of one placement, or of all. */
    shown: operation({ input: z.object({ placement: z.string().optional() }), output: z.array(Banner) }),
    /** Adds a banner that is on show as soon as its image has come. The same key: the same banner, its upload signed anew. */
    announce: operation({
      input: z.object({ key: Id, image: AnnouncedFile }),
      output: z.object({ id: Id, upload: Upload }),
      problems: [tooManyBanners],
    }),
  },
});
