export interface SmsMessage {
  /** Names the message: sent again under the same key, it arrives once. */
  key: string;
  /** E.164. */
  to: string;
  text: string;
}

/** Sends short messages. `refused`: the number takes none, now and later. A rejection means that it is to be tried again. */
export interface Sms {
  send(message: SmsMessage): Promise<'sent' | 'refused'>;
}
