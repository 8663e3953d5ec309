/** Digits with at most three separators between any two; what follows decides whether they are a number to call. */
const DIGITS = /(?<![\d.,x×])(?:\+|00)?\(?\d(?:[ .\-()/_·]{0,3}\d){7,17}(?![\p{L}\p{N}])/gu;

/** Words that say that a long number is no phone's. */
const OTHER_NUMBER =
  /(?:order|commande|invoice|facture|ref(?:erence)?|réf|model|modele|serial|serie|isbn|ean|barres|barcode|imei|sku|tracking|suivi|siret|norme?|standard|طلب|الطلبيه|الطلبية|الفاتوره|الفاتورة|المرجع|التسلسلي|commande)(?: number| no| n°| nr| num(?:ero)?|عدد| رقم| عدد)? ?[:.#°]? ?$/u;

const MONEY_AFTER =
  /^ ?(?:dt|tnd|dinars?|millimes?|€|\$|eur|euros?|usd|dollars?|mm|cm|kg|km|g|ml|دينار|مليم|for the|pieces|pcs)(?![\p{L}])/u;

const DATE =
  /^(?:(?:19|20)\d\d[-/. ]?(?:0[1-9]|1[0-2])[-/. ]?(?:0[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])[-/. ](?:0?[1-9]|1[0-2])[-/. ](?:19|20)\d\d)/;
/** From one year, or one model, to another: `2018-2021`. */
const SPAN = /^\d{4} ?[-/] ?\d{4}$/;

/** True when the text (as `plainText` makes it) holds a phone number: Tunisian, French, or of any country with its code. */
export function holdsPhoneNumber(text: string): boolean {
  for (const match of text.matchAll(DIGITS)) {
    const before = text.slice(Math.max(0, match.index - 40), match.index);
    const after = text.slice(match.index + match[0].length, match.index + match[0].length + 12);
    if (isPhoneNumber(match[0], before, after)) return true;
  }
  return holdsSpelledNumber(text);
}

function isPhoneNumber(written: string, before: string, after: string): boolean {
  const digits = written.replace(/\D/g, '');
  if (/^(?:\+|00)/.test(written) && digits.length >= 10 && /^(?:00)?[1-9]/.test(digits)) return true;
  if (DATE.test(written) || SPAN.test(written) || OTHER_NUMBER.test(before) || MONEY_AFTER.test(after) || isListOfSizes(written))
    return false;
  return isNational(digits) && !/0{5}$/.test(digits);
}

/** Eight digits in Tunisia (2, 4, 5, 9 mobile; 3, 7 fixed), ten that begin with 0 in France; either with its country code. */
const isNational = (digits: string): boolean => /^(?:216)?[2-579]\d{7}$/.test(digits) || /^(?:0|33)[1-9]\d{8}$/.test(digits);

/** `38 40 42 44` are sizes: pairs of digits that grow. */
function isListOfSizes(written: string): boolean {
  const parts = written.split(/[ \-/]+/);
  return (
    parts.length >= 3 && parts[0]! >= '16' && parts.every((part, index) => part.length === 2 && (index === 0 || part > parts[index - 1]!))
  );
}

const SPELLED: readonly string[][] = [
  ['zero', 'صفر', 'sfer'],
  ['one', 'un', 'une', 'واحد', 'wa7ed', 'wahed'],
  ['two', 'deux', 'اثنان', 'اثنين', 'اثنين', 'ثنين', 'زوز', 'thnin', 'zouz'],
  ['three', 'trois', 'ثلاثه', 'ثلاث', 'tletha', 'thletha'],
  ['four', 'quatre', 'اربعه', 'اربع', 'arb3a', 'arbaa'],
  ['five', 'cinq', 'خمسه', 'خمس', 'khamsa', '5amsa'],
  ['six', 'سته', 'ست', 'setta', 'sitta'],
  ['seven', 'sept', 'سبعه', 'سبع', 'sab3a', 'sabaa'],
  ['eight', 'huit', 'ثمانيه', 'ثمنيه', 'ثماني', 'thmanya', 'thmenya', 'tmanya'],
  ['nine', 'neuf', 'تسعه', 'تسع', 'tes3a', 'tesaa', 'tis3a'],
];
const DIGIT_OF = new Map(SPELLED.flatMap((names, digit) => names.map((name) => [name, String(digit)] as const)));

/** Digits written as words, one after the other: `nine eight one two three four five six`. Counting up from one is no number. */
function holdsSpelledNumber(text: string): boolean {
  let digits = '';
  for (const word of [...(text.match(/[\p{L}\p{N}]+/gu) ?? []), '¦']) {
    const digit = DIGIT_OF.get(word.replace(/ة$/, 'ه')) ?? (/^\d{1,3}$/.test(word) && digits ? word : undefined);
    if (digit !== undefined) digits += digit;
    else if (isNational(digits)) return true;
    else digits = '';
  }
  return false;
}
