import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askService } from '../../service/control_client.js';
import { defaultConfig } from '../../service/places.js';
import type { ReloadResult, ServiceStatus } from '../../service/protocol.js';
import type { KeeperState, KeeperStatus } from '../../service/keeper_status.js';
import { runService } from '../service_run.js';
import { print, printable, printJson, styled, type Style } from '../output.js';
import { tableLines, terminalWidth, type Column } from '../table.js';

const HELP = `
The configuration names what is mounted where; the README describes it. Default:
${defaultConfig()}`;

export function addService(program: Command): void {
  const service = program
    .command('service')
    .description('Keeps the mounts of a configuration, and starts again what dies.')
    .addHelpText('after', HELP);
  service
    .command('run')
    .description('Runs the service in the foreground; SIGHUP reloads, SIGTERM and Ctrl-C end it.')
    .option('--config <file>', 'the configuration', defaultConfig())
    .option('--keep-mounts', 'signals that end it leave the volumes to the next service', false)
    .action((args: { config: string; keepMounts: boolean }) =>
      runService({ config: resolve(args.config), keepMounts: args.keepMounts }),
    );
  service
    .command('status')
    .description('Shows the mounts of the running service.')
    .option('--json', 'everything that is known, as JSON', false)
    .action(status);
  addOrder(service, 'start', 'Mounts what is stopped, has failed, or waits.');
  addOrder(
    service,
    'stop',
    'Unmounts, by force when it takes too long, until it is started again.',
  );
  addOrder(service, 'restart', 'Unmounts and mounts again.');
  service
    .command('reload')
    .description('Reads the configuration again and mounts, unmounts, restarts what has changed.')
    .action(reload);
  service
    .command('shutdown')
    .description('Unmounts everything and ends the service.')
    .option('--keep-mounts', 'the volumes stay, for the next service to take over', false)
    .action(async ({ keepMounts }: { keepMounts: boolean }) => {
      await askService({ command: 'shutdown', keepMounts });
      print('the service has ended');
    });
}

function addOrder(service: Command, command: 'start' | 'stop' | 'restart', text: string): void {
  service
    .command(command)
    .description(text)
    .argument('<point>', 'mount point, as in the configuration')
    .action(async (point: string) => {
      const { state } = (await askService({ command, point: resolved(point) })) as KeeperStatus;
      print(`${state} ${point}`);
    });
}

/** Relative to where it is typed; a drive letter is no path. */
function resolved(point: string): string {
  return /^[A-Za-z]:[\\/]?$/.test(point) ? point : resolve(point);
}

async function reload(): Promise<void> {
  const result = (await askService({ command: 'reload' })) as ReloadResult;
  for (const [what, points] of Object.entries(result) as [string, string[]][]) {
    for (const point of points) print(`${what} ${point}`);
  }
}

const STYLES: Record<KeeperState, Style> = {
  starting: 'cyan',
  mounted: 'green',
  hung: 'yellow',
  'backing off': 'yellow',
  stopping: 'cyan',
  stopped: 'gray',
  failed: 'red',
};

const COLUMNS: readonly Column[] = [
  { title: 'MOUNT POINT' },
  { title: 'STATE', style: (padded, state) => styled(STYLES[state as KeeperState], padded) },
  { title: 'PID' },
  { title: 'RESTARTS' },
  { title: 'NEXT START' },
  { title: 'LAST ERROR' },
];

async function status(args: { json: boolean }): Promise<void> {
  const found = (await askService({ command: 'status' })) as ServiceStatus;
  if (args.json) return printJson(found);
  print(`process ${found.processId} since ${found.startedAt}, ${printable(found.config)}`);
  const lines = tableLines(COLUMNS, found.mounts.map(toRow), terminalWidth());
  for (const line of lines) print(line);
}

function toRow(mount: KeeperStatus): string[] {
  return [
    mount.point,
    mount.state,
    mount.processId?.toString() ?? '-',
    String(mount.restarts),
    mount.nextStart ?? '-',
    mount.lastError ?? '-',
  ].map(printable);
}
