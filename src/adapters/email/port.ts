export interface EmailMessage {
  /** Names the message: sent again under the same key, it arrives once. */
  key: string;
  to: string;
  subject: string;
  text: string;
  html?: string;
  /** Headers beside the usual ones, such as `List-Unsubscribe`. */
  headers?: Readonly<Record<string, string>>;
}

/**
 * Sends mail. `sent`: it has arrived at the vendor. `refused`: the address is refused for good, and takes nothing later either. A
 * rejection means that it is to be tried again.
 */
export interface Email {
  send(message: EmailMessage): Promise<'sent' | 'refused'>;
}
