import { z } from 'zod';
import { notFound } from '#kernel/problems.ts';
import { get, ownAccount, owned, permitted, post, signedIn } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { amountTooLarge, balanceTooLarge, insufficientFunds, Proof, StatementLine } from '#wallet';
import { Charge, ChargeWallet, chargeDeclined, unknownGateway } from './charge.ts';
import { chargeWallet } from './charge-wallet.ts';
import type { Wallet } from './context.ts';
import { DecidePayout, decidePayout } from './decide-payout.ts';
import { Deduction, DeductWallet, deductWallet, reasonNeeded } from './deduct-wallet.ts';
import { listPayouts, PayoutsQuery, readPayout } from './list-payouts.ts';
import { ownPayout, Payout, payableTooSmall, RequestPayout } from './payout.ts';
import { payoutMachine } from './payout-state.ts';
import { PlatformQuery, PlatformStatement, readPlatform } from './platform-statement.ts';
import { LIMIT_OF_A_CALL_MS, proveLedger } from './proof.ts';
import { requestPayout } from './request-payout.ts';
import { readSales, SalesStatement } from './sales-statement.ts';
import { JournalView, readJournal, readStatement, readWallet, StatementQuery, WalletView } from './statement.ts';
import { owesLess, ownDebt, WriteOff, WriteOffDebt, writeOffDebt } from './write-off-debt.ts';

const ProofQuery = z.object({
  full: z.enum(['true', 'false']).optional().meta({ description: 'Recompute all of the ledger, and trust no checkpoint', example: 'true' }),
});

export const routes = [
  get('/customers/{username}/wallet', {
    summary: 'The balances of a wallet',
    description: 'For each currency: what can be spent, and what is held for purchases that are not finished.',
    access: ownAccount('ledger:read'),
    returns: WalletView,
    problems: [],
    handle: (ctx: Wallet, { params }) => readWallet(ctx, params.username),
  }),
  get('/customers/{username}/wallet/transfers', {
    summary: 'The statement of a wallet',
    description: 'Every movement of the wallet, newest first, with what caused it. Positive amounts came in, negative ones went out.',
    access: ownAccount('ledger:read'),
    query: StatementQuery,
    returns: page(StatementLine),
    problems: [],
    handle: (ctx: Wallet, { params, query }) => readStatement(ctx, params.username, query),
  }),
  post('/customers/{username}/wallet/charge', {
    summary: 'Top up a wallet through a payment gateway',
    description:
      'The wallet is credited when the gateway has taken the money. Until the gateway answers, `state` is `pending`; a repeated call with the same key returns the outcome.',
    access: ownAccount('wallet:manage'),
    mfa: true,
    idempotent: 'required',
    body: ChargeWallet,
    returns: Charge,
    status: 201,
    location: (_, { username }) => `/customers/${encodeURIComponent(username)}/wallet/transfers`,
    problems: [chargeDeclined, unknownGateway, amountTooLarge, balanceTooLarge],
    handle: (ctx: Wallet, { params, body, key }) => chargeWallet(ctx, params.username, body, key),
  }),
  post('/customers/{username}/wallet/deduct', {
    summary: 'Take money out of a wallet',
    description: 'Money of your own wallet goes back to the gateway of its last charge. Staff correct other wallets, with a reason.',
    access: ownAccount('wallet:manage'),
    mfa: true,
    idempotent: 'required',
    body: DeductWallet,
    returns: Deduction,
    status: 201,
    location: (_, { username }) => `/customers/${encodeURIComponent(username)}/wallet/transfers`,
    problems: [insufficientFunds, reasonNeeded, amountTooLarge],
    handle: (ctx: Wallet, { params, body, key }) => deductWallet(ctx, params.username, body, key),
  }),
  get('/customers/{username}/wallet/sales', {
    summary: "A seller's money",
    description:
      'What was sold and is not delivered, what is payable, and what the seller owes, per currency; and every movement of it, newest first: sales, cash, deliveries, refunds, netting and payouts.',
    access: ownAccount('ledger:read'),
    query: StatementQuery,
    returns: SalesStatement,
    problems: [],
    handle: (ctx: Wallet, { params, query }) => readSales(ctx, params.username, query),
  }),
  post('/customers/{username}/wallet/write-off', {
    summary: 'Write off what a seller owes',
    description:
      'Gives up a debt that refunds after a payout have left, or a part of it, as a loss of the platform. Nobody writes off their own debt. A seller who owes nothing can close the account.',
    access: permitted('wallet:write-off'),
    mfa: true,
    idempotent: 'required',
    body: WriteOffDebt,
    returns: WriteOff,
    status: 201,
    location: (_, { username }) => `/customers/${encodeURIComponent(username)}/wallet/sales`,
    problems: [notFound, owesLess, ownDebt, amountTooLarge],
    handle: (ctx: Wallet, { params, body, key }) => writeOffDebt(ctx, params.username, body, key),
  }),
  post('/payouts', {
    summary: 'Ask for a payout',
    description:
      'Pays out what you have sold and delivered. What you owe is subtracted first. The money leaves `payable` at once; it comes back if the bank refuses. Above a limit, with what you asked for in the 24 hours before, the payout is `waiting` until another person approves it.',
    access: signedIn,
    mfa: true,
    idempotent: 'required',
    body: RequestPayout,
    returns: Payout,
    status: 201,
    location: ({ id }) => `/payouts/${id}`,
    problems: [payableTooSmall, amountTooLarge],
    handle: (ctx: Wallet, { body, key }) => requestPayout(ctx, body, key),
  }),
  get('/payouts', {
    summary: 'Payouts, newest first',
    description: 'Your own payouts. With `payouts:approve`: those of everybody.',
    access: signedIn,
    query: PayoutsQuery,
    returns: page(Payout),
    problems: [],
    handle: (ctx: Wallet, { query }) => listPayouts(ctx, query),
  }),
  get('/payouts/{id}', {
    summary: 'A payout',
    description: 'Shows how far a payout is: `waiting` for approval, `pending` at the bank, `sent`, `failed` or `rejected`.',
    access: owned('payout', 'payouts:approve'),
    returns: Payout,
    problems: [],
    handle: (ctx: Wallet, { params, owner }) => readPayout(ctx, params.id, owner),
  }),
  post('/payouts/{id}/approval', {
    summary: 'Approve or reject a payout that waits',
    description: 'Nobody decides about their own payout. The same decision again changes nothing. A rejected payout is payable again.',
    access: permitted('payouts:approve'),
    mfa: true,
    body: DecidePayout,
    returns: Payout,
    problems: [ownPayout, payoutMachine.wrongState],
    handle: (ctx: Wallet, { params, body }) => decidePayout(ctx, params.id, body),
    again: (ctx: Wallet, { params }) => readPayout(ctx, params.id, null),
  }),
  get('/ledger/proof', {
    summary: 'The proof of the ledger',
    description:
      'Checks the rules of the ledger over all stored money in one snapshot. `ok` is true when every rule holds; the figures show what was compared. What came since the last checkpoint is recomputed; of what is older, digests show whether a row was changed. `full=true` recomputes all of it: one such call at a time, and for a minute at most.',
    access: permitted('ledger:read'),
    query: ProofQuery,
    returns: Proof,
    problems: [],
    handle: (ctx: Wallet, { query }) => proveLedger(ctx, { full: query.full === 'true', limitMs: LIMIT_OF_A_CALL_MS }),
  }),
  get('/ledger/platform', {
    summary: "The platform's own money",
    description:
      'The balances of its revenue, its fees, what is unclaimed because its owner has left, and its losses; and every movement of one of them, newest first. The journal and its cause say whose it was.',
    access: permitted('ledger:read'),
    query: PlatformQuery,
    returns: PlatformStatement,
    problems: [],
    handle: (ctx: Wallet, { query }) => readPlatform(ctx, query),
  }),
  get('/ledger/journals/{id}', {
    summary: 'A journal and its transfers',
    description:
      'Shows the transfers that were written together for one cause, each with the account that gave and the account that received.',
    access: permitted('ledger:read'),
    returns: JournalView,
    problems: [],
    handle: (ctx: Wallet, { params }) => readJournal(ctx, params.id),
  }),
];
