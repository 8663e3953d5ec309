import { machine } from '#kernel/machine.ts';

/** Of a sale. A key that is given up before it pays begins `cancelled`. */
export const paymentMachine = machine({
  name: 'payment',
  table: 'wallet.payments',
  states: ['paid', 'cancelled'],
  begins: { paid: 'pay', cancelled: 'cancelPayment of an unknown key' },
  transitions: [
    { from: 'paid', command: 'cancel', to: 'cancelled', who: 'owner of the key', money: 'what is left goes back to the payer' },
  ],
});
