export interface EmailMessage {
  /** Names the message: sent again under the same key, it arrives once. */
  key: string;
  to: string;
  subject: string;
  text: string;
  html?: string;
}

/** Sends mail. It has arrived at the vendor when the promise resolves; a rejection means that it is to be tried again. */
export interface Email {
  send(message: EmailMessage): Promise<void>;
}
