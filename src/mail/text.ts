/** What a message of one kind says in one language. `{name}` is the place of a value. */
export interface MessageText {
  readonly subject: string;
  /** The paragraphs, in plain text. One with a place whose value is null is left out. */
  readonly text: readonly string[];
}

/** What surrounds every message. */
export interface Frame {
  readonly greeting: string;
  /** Why somebody gets this. */
  readonly reason: string;
  readonly unsubscribe: string;
  readonly unsubscribed: MessageText;
  readonly confirmUnsubscribe: MessageText & { readonly button: string };
  readonly invalidLink: MessageText;
}
