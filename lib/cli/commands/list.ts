import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { listMounts, type MountEntry, type MountState } from '../../mounts/list.js';
import { libraryOf, libraryOption } from '../library_option.js';
import { print, printable, printJson, styled, type Style } from '../output.js';
import { tableLines, terminalWidth, type Column } from '../table.js';

interface ListArguments {
  json: boolean;
  libraryPath?: string;
}

export function addList(program: Command): void {
  program
    .command('list')
    .description('Shows every volume that is mounted, whoever serves it.')
    .option('--json', 'everything that is known, as JSON', false)
    .addOption(libraryOption())
    .action(list);
}

async function list(args: ListArguments): Promise<void> {
  const mounts = await listMounts(libraryOf(args));
  if (args.json) return printJson(mounts.map(mountToJson));
  if (mounts.length === 0) return print('Nothing is mounted.');
  for (const line of tableLines(COLUMNS, mounts.map(toRow), terminalWidth())) print(line);
}

/** Every field is there, null where nothing is known. */
export function mountToJson(mount: MountEntry): Record<string, unknown> {
  return {
    mountPoint: mount.mountPoint,
    state: mount.state,
    volumeLabel: mount.volumeLabel,
    fileSystem: mount.fileSystem ?? null,
    readOnly: mount.readOnly,
    processId: mount.processId ?? null,
    userId: mount.userId ?? null,
    sessionId: mount.sessionId ?? null,
    mountedAt: mount.mountedAt?.toISOString() ?? null,
    command: mount.command ?? null,
    options: mount.options ?? null,
  };
}

const STATE_STYLES: Record<MountState, Style> = {
  live: 'green',
  hung: 'yellow',
  dead: 'red',
  unknown: 'gray',
};

const COLUMNS: readonly Column[] = [
  { title: 'MOUNT POINT' },
  { title: 'STATE', style: (padded, state) => styled(STATE_STYLES[state as MountState], padded) },
  { title: 'LABEL' },
  { title: 'FILE SYSTEM' },
  { title: 'PID' },
  { title: process.platform === 'win32' ? 'SESSION' : 'USER' },
  { title: 'SINCE' },
  { title: 'COMMAND' },
];

const UNKNOWN = '-';

function toRow(mount: MountEntry): string[] {
  return [
    mount.mountPoint,
    mount.state,
    mount.volumeLabel === '' ? UNKNOWN : mount.volumeLabel,
    mount.fileSystem ?? UNKNOWN,
    mount.processId?.toString() ?? UNKNOWN,
    process.platform === 'win32' ? (mount.sessionId?.toString() ?? 'all') : userName(mount.userId),
    mount.mountedAt === undefined ? UNKNOWN : localTime(mount.mountedAt),
    mount.command?.join(' ') ?? UNKNOWN,
  ].map(printable);
}

function userName(id: number | undefined): string {
  if (id === undefined) return UNKNOWN;
  return id === process.getuid?.() ? ownName(id) : String(id);
}

function ownName(id: number): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an account, as in containers.
    return String(id);
  }
}

/** To the minute, of this place's clock. */
function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
