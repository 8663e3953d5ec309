import type { PaymentGateway } from './port.ts';

/** Card numbers that do not simply succeed, as payment sandboxes have them. docs/running.md lists them. */
const DECLINES: Readonly<Record<string, string>> = {
  '4000000000000002': 'The card was declined.',
  '4000000000009995': 'The card has not enough funds.',
  '4000000000000069': 'The card has expired.',
  '4000000000000127': 'The security code is wrong.',
};

/** This one answers nothing, the first time that a key asks. */
const SILENT = '4000000000000119';
const REMEMBERED = 10_000;

/** A gateway that moves no real money. Its outcome depends on the card number only. */
export function simulatedGateway(): PaymentGateway {
  const asked = new Set<string>();
  return {
    async charge({ key, source }) {
      const card = source.replaceAll(/[\s-]/g, '');
      if (card === SILENT && !asked.has(key)) {
        if (asked.size >= REMEMBERED) asked.clear();
        asked.add(key);
        throw new Error('The simulated gateway did not answer.');
      }
      const reason = DECLINES[card];
      return reason ? { outcome: 'declined', reason } : { outcome: 'succeeded' };
    },
    async payBack() {},
  };
}
