import { FileAttributes } from '../../../lib/constants.js';
import type { Fields } from '../../simulator/client.js';
import type { Action } from './scene.js';

/** FILETIME of the Unix epoch. */
const EPOCH = 116_444_736_000_000_000n;
/** A self-relative security descriptor with nothing in it. */
const DESCRIPTOR = Buffer.from(`01000080${'00'.repeat(16)}`, 'hex');
const { DIRECTORY, HIDDEN } = FileAttributes;

/** One callback: the order that leads to it, and what is seen of it at both ends. */
export interface CallbackRow {
  readonly callback: string;
  readonly op: string;
  readonly fields?: Fields;
  readonly payload?: Buffer;
  /** What it is about: `\f` unless it says otherwise; none for the volume. */
  readonly name?: string;
  /** What the callback must be given. */
  readonly args: readonly unknown[];
  readonly action?: Action;
  /** What the driver must get. */
  readonly reply?: object;
  readonly payloadBack?: Buffer;
  /** What the driver is told where the callback fails with this; default the same. */
  readonly failure?: (status: string) => string;
  /** What the driver gets without the callback. */
  readonly absent?: string;
  /** An answer that is none. */
  readonly nonsense?: unknown;
  /** An order that asks more than one callback. */
  readonly also?: readonly string[];
}

const always =
  (to: string) =>
  (status: string): string =>
    status === 'SUCCESS' ? status : to;

const INFORMATION = {
  ...{ attributes: HIDDEN, size: 2 ** 40 + 1, linkCount: 3, inode: 2n ** 63n + 5n },
  ...{ creationTime: 100n, lastAccessTime: new Date(1), lastWriteTime: -100n },
};
const INFORMATION_REPLY = {
  ...{ attributes: HIDDEN, size: 2 ** 40 + 1, allocationSize: 2 ** 40 + 4096 },
  ...{ links: 3, index: String(2n ** 63n + 5n), isDirectory: false },
  ...{ creationTime: String(EPOCH + 1n), lastAccessTime: String(EPOCH + 10_000n) },
  lastWriteTime: String(EPOCH - 1n),
};
const ENTRIES = [
  { name: 'a', attributes: DIRECTORY, lastWriteTime: 0n },
  { name: 'b \u{1f600}', size: 2 ** 33 + 7, creationTime: 0n },
];

export const CALLBACK_ROWS: readonly CallbackRow[] = [
  {
    callback: 'createFile',
    op: 'create',
    fields: {
      ...{ name: '\\d\\f', desiredAccess: 0x12019f, fileAttributes: 0x22, shareAccess: 5 },
      ...{ createDisposition: 1, createOptions: 0x20 },
    },
    payload: DESCRIPTOR,
    args: [
      '/d/f',
      {
        ...{ desiredAccess: 0x12019f, fileAttributes: 0x22, shareAccess: 5 },
        ...{ createDisposition: 1, createOptions: 0x20, securityDescriptor: DESCRIPTOR },
      },
    ],
    reply: { information: 1, isDirectory: false },
    nonsense: 'openend',
    absent: 'NOT_IMPLEMENTED',
  },
  {
    callback: 'readFile',
    op: 'read',
    fields: { offset: 2 ** 40, length: 10 },
    args: ['/f', 10, 2 ** 40],
    action: { fill: Buffer.from('content') },
    payloadBack: Buffer.from('content'),
    nonsense: 11,
  },
  {
    callback: 'writeFile',
    op: 'write',
    fields: { offset: 2 ** 40 },
    payload: Buffer.from('some data'),
    args: ['/f', Buffer.from('some data'), 2 ** 40],
    action: { bytes: 4 },
    reply: { written: 4 },
    nonsense: -1,
  },
  {
    callback: 'flushFileBuffers',
    op: 'flush',
    args: ['/f'],
    failure: always('NOT_SUPPORTED'),
    absent: 'SUCCESS',
  },
  {
    callback: 'getFileInformation',
    op: 'queryInformation',
    args: ['/f'],
    action: { returns: INFORMATION },
    reply: INFORMATION_REPLY,
    failure: always('INVALID_PARAMETER'),
    absent: 'INVALID_PARAMETER',
    nonsense: { size: -1 },
  },
  {
    callback: 'findFiles',
    op: 'queryDirectory',
    name: '\\dir',
    fields: { restartScan: true },
    also: ['findFilesWithPattern'],
    args: ['/dir'],
    action: { entries: ENTRIES },
    reply: {
      entries: [
        { name: '.' },
        { name: '..' },
        { name: 'a', attributes: DIRECTORY, lastWriteTime: String(EPOCH), size: 0 },
        { name: 'b \u{1f600}', size: 2 ** 33 + 7, creationTime: String(EPOCH) },
      ],
    },
    nonsense: 5,
  },
  {
    callback: 'findFilesWithPattern',
    op: 'queryDirectory',
    name: '\\dir',
    fields: { pattern: 'x*', restartScan: true },
    args: ['/dir', 'x*'],
    action: { entries: [{ name: 'x1', size: 1 }] },
    reply: { entries: [{ name: 'x1' }] },
    // findFiles is asked then, and has nothing.
    also: ['findFiles'],
    absent: 'NO_SUCH_FILE',
    nonsense: [{ name: 'a/b' }],
  },
  {
    callback: 'setFileAttributes',
    op: 'setBasic',
    fields: { attributes: HIDDEN },
    also: ['setFileTime'],
    args: ['/f', HIDDEN],
  },
  {
    callback: 'setFileTime',
    op: 'setBasic',
    fields: { attributes: 0, creationTime: EPOCH + 7n, lastWriteTime: EPOCH - 7n },
    also: ['setFileAttributes'],
    args: ['/f', { creationTime: 700n, lastWriteTime: -700n }],
  },
  {
    callback: 'deleteFile',
    op: 'setDisposition',
    fields: { delete: true },
    also: ['getFileInformation'],
    args: ['/f'],
    reply: { deletePending: true },
  },
  {
    callback: 'deleteDirectory',
    op: 'setDisposition',
    name: '\\dir',
    fields: { delete: true },
    also: ['getFileInformation'],
    args: ['/dir'],
    reply: { deletePending: true },
  },
  {
    callback: 'moveFile',
    op: 'rename',
    fields: { newName: '\\d\\g', flags: 1 },
    args: ['/f', '/d/g', true],
  },
  {
    callback: 'setEndOfFile',
    op: 'setEndOfFile',
    fields: { size: 2 ** 52 },
    args: ['/f', 2 ** 52],
  },
  {
    callback: 'setAllocationSize',
    op: 'setAllocation',
    fields: { size: 2 ** 40 },
    args: ['/f', 2 ** 40],
  },
  {
    callback: 'lockFile',
    op: 'lock',
    fields: { offset: 2 ** 40, length: 5 },
    args: ['/f', 2 ** 40, 5],
    failure: always('LOCK_NOT_GRANTED'),
    absent: 'NOT_IMPLEMENTED',
  },
  {
    callback: 'unlockFile',
    op: 'unlock',
    fields: { offset: 2 ** 40, length: 5 },
    args: ['/f', 2 ** 40, 5],
    failure: () => 'SUCCESS',
    absent: 'NOT_IMPLEMENTED',
  },
  {
    callback: 'getDiskFreeSpace',
    op: 'querySize',
    name: '',
    args: [],
    action: {
      returns: { freeBytesAvailable: 2 ** 50, totalBytes: 2 ** 51, totalFreeBytes: 2 ** 50 + 4096 },
    },
    reply: {
      ...{ available: 2 ** 50, total: 2 ** 51, free: 2 ** 50 + 4096 },
      ...{ allocationUnitSize: 4096, sectorSize: 512 },
    },
    absent: 'SUCCESS',
    nonsense: { totalBytes: 'many' },
  },
  {
    callback: 'getVolumeInformation',
    op: 'queryVolume',
    name: '',
    args: [],
    action: {
      // Label and serial, and then the rest: the library asks twice.
      always: true,
      returns: {
        ...{ volumeName: 'l\u00e4bel', serialNumber: 0x89abcdef, maximumComponentLength: 200 },
        ...{ fileSystemFlags: 0x10, fileSystemName: 'TESTFS' },
      },
    },
    also: ['getVolumeInformation'],
    reply: {
      ...{ label: 'l\u00e4bel', serial: 0x89abcdef, maxComponent: 200 },
      // With alternate streams on, that is said too.
      ...{ flags: 0x40010, fileSystemName: 'TESTFS' },
    },
    absent: 'SUCCESS',
    nonsense: { serialNumber: 'x' },
  },
  {
    callback: 'getFileSecurity',
    op: 'querySecurity',
    fields: { securityInformation: 5, length: 100 },
    args: ['/f', 5],
    action: { returns: DESCRIPTOR },
    reply: { needed: 20 },
    payloadBack: DESCRIPTOR,
    absent: 'SUCCESS',
    nonsense: Buffer.alloc(20),
  },
  {
    callback: 'setFileSecurity',
    op: 'setSecurity',
    fields: { securityInformation: 4 },
    payload: DESCRIPTOR,
    args: ['/f', 4, DESCRIPTOR],
    failure: always('INVALID_PARAMETER'),
    absent: 'INVALID_PARAMETER',
  },
  {
    callback: 'findStreams',
    op: 'queryStreams',
    args: ['/f'],
    action: {
      entries: [
        { name: 's', size: 5 },
        { name: '', size: 2 ** 40 },
      ],
    },
    reply: {
      streams: [
        { name: '::$DATA', size: 2 ** 40 },
        { name: ':s:$DATA', size: 5 },
      ],
    },
    nonsense: [{ name: 's' }],
  },
];
