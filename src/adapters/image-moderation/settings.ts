import { existsSync } from 'node:fs';
import { z } from 'zod';
import { BadSettings, settings } from '#kernel/settings-part.ts';

/** The most that an image may look like each kind of content, 0 to 1. */
export interface ScreeningLimits {
  readonly porn: number;
  readonly hentai: number;
  readonly sexy: number;
}

/** Whether the packages are there that `nsfwjs.ts` needs: they are installed apart from Souk's own. */
export const nsfwjsIsHere = existsSync(new URL('./nsfwjs/node_modules/nsfwjs', import.meta.url));

const limit = (fallback: number) => z.coerce.number().min(0).max(1).default(fallback);

/** Undefined if nobody looks at images but staff. */
export const imageModerationSettings = settings(
  {
    IMAGE_MODERATION: z
      .enum(['none', 'nsfwjs'])
      .default('none')
      .describe('who judges what an image shows before anybody sees it; `nsfwjs` is installed first: [media.md](media.md#screening)'),
    NSFWJS_PORN: limit(0.7).describe('from 0 to 1: an image that looks more like pornography is refused; 1 refuses none'),
    NSFWJS_HENTAI: limit(0.7).describe('the same for pornographic drawings'),
    NSFWJS_SEXY: limit(1).describe('the same for what is suggestive. Shops that sell underwear or swimwear leave it at 1'),
  },
  (given): ScreeningLimits | undefined => {
    if (given.IMAGE_MODERATION === 'none') return undefined;
    if (!nsfwjsIsHere)
      throw new BadSettings(
        'IMAGE_MODERATION: nsfwjs is not installed: run "npm run image-moderation" in the folder of Souk, or build the image with --build-arg IMAGE_MODERATION=nsfwjs',
      );
    return { porn: given.NSFWJS_PORN, hentai: given.NSFWJS_HENTAI, sexy: given.NSFWJS_SEXY };
  },
);
