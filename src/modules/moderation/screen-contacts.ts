import type { Verdict } from '#moderation';
import { plainText } from './fold-text.ts';
import { holdsPhoneNumber } from './phone-number.ts';

interface ContactRule {
  readonly rule: string;
  readonly verdict: Exclude<Verdict, 'allow'>;
  readonly fires: (plain: string) => boolean;
}

const anyOf =
  (...patterns: RegExp[]) =>
  (plain: string): boolean =>
    patterns.some((pattern) => pattern.test(plain));

const DOT = '(?: ?[\\[({] ?(?:dot|point|نقطه|نقطة|noukta|\\.) ?[\\])}] ?| (?:dot|point|نقطه|نقطة|noukta|no9ta) )';
const AT = '(?:@| ?[\\[({] ?(?:at|arobase|@|a) ?[\\])}] ?| (?:at|arobase|arobas|@) )';
const MAIL = '(?:gmail|hotmail|yahoo|outlook|icloud|proton(?:mail)?|laposte|topnet|gnet)';
const ENDING =
  '(?:com|net|org|tn|fr|io|eu|info|biz|shop|store|app|online|site|xyz|link|click|ly|gl|gg|tv|dz|ma|co\\.uk|uk|de|ai|dev|كوم|تن)';

/** Names of messengers, as people spell them; Arabic ones with their article, and without the dots that folding leaves alone. */
const MESSENGER = `(?:${[
  "what'?s? ?app?",
  'wh?ats?app?',
  'wtsp',
  'telegram',
  'viber',
  'insta(?:gram)?',
  'messenger',
  'facebook',
  'snap(?:chat)?',
  'tik ?tok',
  '(?:ال)?(?:واتس ?اب|وتساب|واتساب|واتس|تلغرام|تلجرام|تليغرام|تيليجرام|تلقرام|انستغرام|انستجرام|انستقرام|انستا|فايبر|ماسنجر|ميسنجر|فيسبوك|فايسبوك)',
].join('|')})(?!\\p{L})`;

/** What makes of a messenger's name an invitation: a preposition, or a verb not far before. */
const INVITED = `(?<![\\p{L}\\p{N}])(?:${[
  '(?:on|via|by|my|through|sur|par|mon|mes|3al?|3ala|3la|fel|bel|علي|على|عبر|ع)',
  '(?:add|dm|pm|message|text|contact|write|call|reach|find|follow|ajoute[rz]?|ecri[st]?|ecrivez|contacte[rz]?|appelle[rz]?|suivez|kalemni|ab3ath(?:li)?|zidni)(?!\\p{L})[^.!?]{0,25}',
  '(?:كلمني|راسلني|تواصل|ابعثلي|ابعث|زيدني|اتصل|حسابي|ضيفني|اضفني)(?!\\p{L})[^.!?]{0,25}',
].join('|')}) ?(?:le |la |l'|the |el )?`;

/** What people write to deal outside the platform, each under a name of its own. A person looks at it, because a shop may ask for some of it rightly. */
const RULES: readonly ContactRule[] = [
  {
    rule: 'contact/email',
    verdict: 'review',
    fires: anyOf(
      /(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}/u,
      new RegExp(`[\\w.+-]${AT}${MAIL}\\b`, 'u'),
      new RegExp(`(?<!\\p{L})(?:my|mon|on|sur|chez|via|3al?|3la) (?:${MAIL})\\b`, 'u'),
      new RegExp(`[\\w.+-]${AT}[\\w-]{2,63}${DOT}${ENDING}(?![\\p{L}\\p{N}])`, 'u'),
    ),
  },
  { rule: 'contact/phone', verdict: 'review', fires: holdsPhoneNumber },
  { rule: 'contact/handle', verdict: 'review', fires: anyOf(/(?<![\p{L}\p{N}@._+-])@(?=.{0,30}[a-z])[a-z0-9_][a-z0-9_.]{2,29}/u) },
  {
    rule: 'contact/messenger',
    verdict: 'review',
    fires: anyOf(new RegExp(`${INVITED}${MESSENGER}`, 'u'), new RegExp(`(?<!\\p{L})${MESSENGER} ?(?:me\\b|moi\\b|[:@=]|\\+?\\d{4})`, 'u')),
  },
  {
    rule: 'link',
    verdict: 'review',
    fires: anyOf(
      /\b(?:https?|ftp|hxxps?):\/\/[^ ]/u,
      /(?<![\p{L}\p{N}])www ?\. ?[\p{L}\p{N}-]{2,63}/u,
      new RegExp(`(?<![\\p{L}\\p{N}@.-])(?!(?:asp|vb|ado|ml)\\.net)(?:[a-z0-9-]{2,63}\\.){1,4}${ENDING}(?![\\p{L}\\p{N}-])`, 'u'),
      /(?<![\p{L}\p{N}@.-])[a-z0-9-]{2,63}\.[a-z]{2,10}\/[a-z0-9_-]{2}/u,
      new RegExp(`[\\p{L}\\p{N}-]{3,63}${DOT}${ENDING}(?![\\p{L}\\p{N}])`, 'u'),
      /(?<![\p{L}\p{N}@.-])[a-z0-9-]{3,63} ?\. ?com(?![\p{L}\p{N}])/u,
    ),
  },
];

/** The rules about contact details and links that a text breaks. */
export function screenContacts(text: string): readonly ContactRule[] {
  const plain = plainText(text);
  return RULES.filter(({ fires }) => fires(plain));
}
