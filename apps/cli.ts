import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { gatewayPort } from '../infra/topology.ts';
import { fail } from './shell.ts';

/** Souk itself is loaded only by what needs it: its 700 files take longer than most of what is asked here. */
const commands = () => import('./commands.ts');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const souk = new Command('souk').description("Souk's command line, for operators").version(version);

souk
  .command('migrate')
  .description('bring the database to this version')
  .action(async () => (await commands()).migrate());

souk
  .command('roles <username>')
  .description('show the roles of an account')
  .action(async (username: string) => (await commands()).showRoles(username));

souk
  .command('grant <username> <roles...>')
  .description('give an account roles, beside those it has; this is how the first admin is made')
  .action(async (username: string, words: string[]) => (await commands()).grant(username, words));

souk
  .command('revoke <username> <roles...>')
  .description('take roles from an account')
  .option('--even-last-admin', 'take admin from the last account that has it')
  .action(async (username: string, words: string[], options: { evenLastAdmin?: boolean }) =>
    (await commands()).revoke(username, words, options),
  );

souk
  .command('remove-second-factor <username>')
  .description('for somebody who has lost their app and all recovery codes; make sure first that it is the owner who asks')
  .action(async (username: string) => (await commands()).removeSecondFactor(username));

souk
  .command('ledger')
  .description('the money')
  .command('verify')
  .description('check the six rules of the ledger; ends with 1 on a violation')
  .option('--full', 'recompute all of it, and trust no checkpoint')
  .action(async (options: { full?: boolean }) => (await commands()).verifyLedger(options));

souk
  .command('explain')
  .description('what happened to a thing')
  .command('order <id>')
  .description('every state, event, job, transfer, email, webhook and call of an order, in order of time')
  .action(async (id: string) => (await commands()).explain(id));

const deadLetters = souk.command('dead-letters').description('background work that failed at every attempt');

deadLetters
  .command('list', { isDefault: true })
  .description('list the newest hundred, with the reason')
  .option('--queue <queue>', 'only of this queue')
  .action(async ({ queue }: { queue?: string }) => (await commands()).showDeadLetters(queue));

deadLetters
  .command('retry [id]')
  .description('put one back into its queue, or all')
  .option('--queue <queue>', 'all of this queue')
  .action(async (id: string | undefined, { queue }: { queue?: string }) => (await commands()).retry({ id, queue }));

const subscriptions = souk.command('subscriptions').description('the queues that events go to');

subscriptions
  .command('list', { isDefault: true })
  .description('list them, with what is undelivered')
  .action(async () => (await commands()).showSubscriptions());

subscriptions
  .command('remove <queue>')
  .description('remove one that no version consumes any more, with what is undelivered')
  .option('--yes', 'do not ask')
  .action(async (queue: string, { yes = false }: { yes?: boolean }) => (await commands()).unsubscribe(queue, yes));

souk
  .command('reseal')
  .description('seal everything with the current key, so that an older one (never the last) can be taken out of SECRET_KEYS')
  .action(async () => (await commands()).reseal());

souk
  .command('openapi [file]')
  .description('write the OpenAPI document')
  .action(async (file: string | undefined) => (await commands()).writeOpenapi(file));

souk
  .command('personal-data [file]')
  .description('write the page of what is stored of people')
  .action(async (file: string | undefined) => (await commands()).writePersonalData(file));

souk
  .command('states [file]')
  .description('write the page of all states')
  .action(async (file: string | undefined) => (await commands()).writeStates(file));

souk
  .command('gateway [file]')
  .description('write the configuration of nginx that stands in front of services')
  .action(async (file: string | undefined) => (await commands()).writeGateway(file));

souk
  .command('services')
  .description('run Souk as services on this machine: a process each, with RabbitMQ, Redis and nginx where they are installed')
  .option('--replicas <count>', 'how many processes of each service, 1 to 8', wholeNumber(1, 8), 1)
  .option('--port <port>', 'the port of the gateway', wholeNumber(1, 65_535), gatewayPort)
  .option('--free-ports', 'run the services on any free ports, rather than on those of the table')
  .action(async (options) => (await import('./run-services.ts')).runServices(options));

souk
  .command('service-roles')
  .description('make a database role for each service, which can touch its own modules only; SALES_DATABASE_PASSWORD lets one sign in')
  .action(async () => (await commands()).serviceRoles());

souk
  .command('settings [file]')
  .description('write the page of all settings')
  .action(async (file: string | undefined) => (await commands()).writeSettings(file));

await souk.parseAsync().catch((error) => fail(error));

/** Reads an option. */
function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
