/**
 * Mutants that change nothing that anybody could see, by name, each with the reason. They do not count.
 * A mutant that could be seen but is not stays a survivor: docs/mutants.md tells of it.
 */
export const equivalent: ReadonlyMap<string, string> = new Map<string, string>([
  [
    'src/modules/wallet/proof.ts: a first predicate removed: (select count(*) from summed where rollup is not null and rollup <> rolled) as wrong_rollups,',
    'A comparison with null is not true.',
  ],
  [
    "src/modules/wallet/statement.ts: a number one larger: select currency, coalesce(sum(balance) filter (where purpose = 'available'), 0)::bigint as available, coalesce(sum(balance) filter (where purpose = 'held'), 0)::bigint as held",
    'An account for held money is opened with the one for money to spend, so the first sum is never null.',
  ],
  [
    'src/modules/orders/settle-order.ts: >= to >: if (!(error instanceof Problem) || error.status >= 500) throw error; // how it ended is not known: the key tells a repeated call',
    'No problem has the status 500 exactly: what fails in another service arrives as 503.',
  ],
  [
    "src/modules/identity/session.ts: a predicate removed: select a.* from identity.accounts a, seen where a.id = seen.account_id and seen.just_exchanged and a.state = 'active'",
    'What ends the active state of an account ends its sessions in the same transaction.',
  ],
  [
    `src/modules/identity/session.ts: || to &&: if (!isId(sessionId) || !Number.isSafeInteger(generation) || !sameText(signed, signature(secrets, \`\${sessionId}.\${number}.\${chance}\`)))`,
    'Only a token that Souk has signed gets past the signature, and each of those names a session and a generation.',
  ],
  [
    'src/modules/partners/create-key.ts: && to ||: if (key && made) return repeated(ctx, made, key);',
    'Without a key of the call a row is always made, so either way what remains is a failure that is logged.',
  ],
  [
    `src/modules/partners/key.ts: a first predicate removed: tx.execute(sql\`update partners.keys set slot = null, salt = null where name_key = \${name} and slot in (1, 2) and expires_at <= \${now}\`);`,
    'A key that has expired is refused with or without a slot, so that of another partner may give it up earlier.',
  ],
  [
    'src/kernel/traced-work.ts: a condition that never holds: if (!tracing.isOn) return work(rows);',
    'Where nothing is traced, the spans do nothing either; the condition only saves making them.',
  ],
  [
    'src/kernel/http.ts: a condition that always holds: if (settings.internalSecret) serveInternal(app, parts, settings.internalSecret);',
    'Without a secret no token can be read, since a key without bytes is refused: all are answered 404 either way.',
  ],
]);
