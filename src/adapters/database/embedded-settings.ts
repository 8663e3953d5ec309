/**
 * For a small shop on two cores: nothing acknowledged is lost, writing comes in long waves, and the log holds no
 * personal data: errors of statements quote values, so only the sender of the statement gets them.
 */
const settings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  cluster_name: 'souk',
  max_connections: '100',
  timezone: 'UTC',

  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_compression: 'on',
  min_wal_size: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',

  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  random_page_cost: '1.1',
  jit: 'off',
  max_parallel_workers_per_gather: '0', // one report does not take both cores from the buyers

  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
  log_autovacuum_min_duration: '-1',
  log_timezone: 'UTC',

  // A query whose client was killed releases its locks. Only these systems notice it.
  ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '2s' }),
};

/** The whole of postgresql.conf. It is written at every start. */
export function configuration(port: number, options: Record<string, string>): string {
  const lines = Object.entries({ ...settings, ...options, port: String(port) }).map(([name, value]) => `${name} = ${quoted(value)}`);
  return `# Written by Souk at every start.\n${lines.join('\n')}\n`;
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
