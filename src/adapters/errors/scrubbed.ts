const LENGTH = 300;

/** What people typed and what opens doors: quoted texts, emails, tokens, addresses of networks, and long numbers such as those of cards. */
const HIDDEN = [
  /"[^"]*"?|'[^']*'?|`[^`]*`?|“[^”]*”?/g,
  /[^\s@<>()]+@[^\s@<>()]+/g,
  /\b[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}\b/g,
  /\b(?=[\w-]*\d)[\w-]{24,}\b/g,
  /\b\d{1,3}(?:\.\d{1,3}){3}\b|(?:[\da-f]{0,4}:){3,}[\da-f]{0,4}/gi,
  /\+?\d(?:[\d .()-]*\d){5,}/g,
];

/** The message of an error without what people typed: `invalid input syntax for type uuid: …`. */
export const scrubbed = (message: string): string =>
  HIDDEN.reduce((text, pattern) => text.replace(pattern, '…'), message.slice(0, 2000)).slice(0, LENGTH);
