import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { type FuseDevice, type LinuxAddon, loadLinuxAddon } from '../../lib/hosts/addon.js';
import { eventually } from '../support/eventually.js';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.js';

export const addon: LinuxAddon = loadLinuxAddon();

export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const NOBODY = 65534;

/** The opcodes these tests serve or expect. */
export const Opcode = { Lookup: 1, Getattr: 3, Open: 14, Read: 15, Init: 26 } as const;

/** The mounts at a path, oldest first: device number and type. */
export function mountsAt(path: string): { device: string; type: string }[] {
  const result = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ');
    const point = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(parseInt(digits, 8)),
    );
    if (point === path) {
      result.push({ device: fields[2] ?? '', type: fields[fields.indexOf('-') + 1] ?? '' });
    }
  }
  return result;
}

const directories: TemporaryDirectory[] = [];
const children: ChildProcess[] = [];

/** A new directory; after the test everything mounted in it is unmounted, and it is removed. */
export function testDirectory(): string {
  const directory = temporaryDirectory();
  directories.push(directory);
  return directory.path;
}

export function mountPointIn(directory: string, name = 'mnt'): string {
  const path = join(directory, name);
  mkdirSync(path);
  return path;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const directory of directories.splice(0)) directory.remove();
});

/** A program of test/native/programs, run by a Node process of its own. */
export interface Program {
  child: ChildProcess;
  /** The lines it has printed. */
  lines: string[];
  line(text: string): Promise<void>;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; errors: string }>;
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
}

export function runProgram(name: string, ...args: string[]): Program {
  return start(process.execPath, [programPath(name), ...args]);
}

/** The same in a mount namespace of its own: what it mounts is not seen here. */
export function runProgramApart(name: string, ...args: string[]): Program {
  return start('unshare', ['--mount', process.execPath, programPath(name), ...args]);
}

/** The same with a single processor, for it and all it starts. */
export function runProgramOnOneProcessor(name: string, ...args: string[]): Program {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [first = '0'] = /(?<=Cpus_allowed_list:\s*)\d+/.exec(status) ?? [];
  return start('taskset', ['-c', first, process.execPath, programPath(name), ...args]);
}

/** The same as the first process of a pid namespace, which adopts all others in it. */
export function runProgramAsFirst(name: string, ...args: string[]): Program {
  const apart = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return start('unshare', [...apart, process.execPath, programPath(name), ...args]);
}

function start(file: string, args: string[]): Program {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  const lines: string[] = [];
  let rest = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; errors: string }>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve({ code, signal, errors });
      });
    },
  );
  const line = async (text: string): Promise<void> => {
    await eventually(`line "${text}" (printed: ${lines.join(' | ')}; ${errors})`, () => {
      if ((child.exitCode ?? child.signalCode) !== null && !lines.includes(text)) {
        throw new Error(`ended without the line "${text}": ${errors}`);
      }
      return lines.includes(text);
    });
  };
  return { child, lines, line, ended };
}

/** Number of entries of a directory of /proc/self: 'fd' or 'task'. */
export function count(what: 'fd' | 'task'): number {
  return readdirSync(`/proc/self/${what}`).length;
}

export function opcode(request: Buffer): number {
  return request.readUInt32LE(4);
}

/** Body of a reply to INIT: protocol 7.31, nothing special. */
export function initBody(): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(31, 4);
  body.writeUInt32LE(1 << 17, 8); // max_readahead
  body.writeUInt16LE(12, 16); // max_background
  body.writeUInt16LE(9, 18); // congestion_threshold
  body.writeUInt32LE(65536, 20); // max_write
  body.writeUInt32LE(1, 24); // time_gran
  return body;
}

export interface Attributes {
  inode: number;
  mode: number;
  size: number;
  mtime: number;
}

function writeAttributes(body: Buffer, at: number, attributes: Attributes): void {
  body.writeBigUInt64LE(BigInt(attributes.inode), at);
  body.writeBigUInt64LE(BigInt(attributes.size), at + 8);
  body.writeBigUInt64LE(BigInt(attributes.mtime), at + 32);
  body.writeUInt32LE(attributes.mode, at + 60);
  body.writeUInt32LE(1, at + 64); // nlink
}

/** Body of a reply to GETATTR. */
export function attributesBody(attributes: Attributes): Buffer {
  const body = Buffer.alloc(16 + 88);
  writeAttributes(body, 16, attributes);
  return body;
}

/** Body of a reply to LOOKUP. */
export function entryBody(attributes: Attributes): Buffer {
  const body = Buffer.alloc(40 + 88);
  body.writeBigUInt64LE(BigInt(attributes.inode), 0);
  body.writeBigUInt64LE(1000n, 16); // valid for so many seconds
  body.writeBigUInt64LE(1000n, 24);
  writeAttributes(body, 40, attributes);
  return body;
}

/** Header of a reply to `request` with a body of `length` bytes. */
export function replyHeader(request: Buffer, length: number, error = 0): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + length, 0);
  header.writeInt32LE(error, 4);
  request.copy(header, 8, 8, 16);
  return header;
}

export const ROOT: Attributes = { inode: 1, mode: 0o40755, size: 0, mtime: 1234567 };

/**
 * Serves a device: INIT, GETATTR of the root, and what `bodies` adds by opcode (`undefined` leaves
 * the request unanswered). Everything else is ENOSYS. Returns the opcodes as they come.
 */
export function serve(
  device: FuseDevice,
  bodies: Record<number, () => Buffer | undefined> = {},
): number[] {
  const table: Record<number, () => Buffer | undefined> = {
    [Opcode.Init]: initBody,
    [Opcode.Getattr]: () => attributesBody(ROOT),
    ...bodies,
  };
  const buffer = Buffer.alloc(1 << 18);
  const opcodes: number[] = [];
  device.start(() => {
    while (device.receive(buffer, 0) >= 0) {
      opcodes.push(opcode(buffer));
      const make = table[opcode(buffer)];
      const body = make?.();
      if (body !== undefined) {
        device.sendParts(replyHeader(buffer, body.length), 16, body, body.length);
      } else if (make === undefined) {
        device.send(replyHeader(buffer, 0, -38), 16);
      }
    }
  });
  return opcodes;
}
