import { createHash } from 'node:crypto';
import { DokanError } from 'node-dokan';
import type { Entry } from '../../../examples/imagefs/entry.js';
import type { FatVolume } from '../../../examples/imagefs/fat_volume.js';

/** What should be in a volume: paths in capitals, the name as it was given, contents of files. */
export interface ModelNode {
  name: string;
  /** Undefined for a directory. */
  data: Buffer | undefined;
}

/** An open file: it keeps its contents when its name is gone. */
interface ModelOpen {
  readonly entry: Entry;
  readonly node: ModelNode;
}

/** Numbers that look like chance and are the same in each run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

const NAMES = [
  'A.TXT',
  'readme',
  'ReadMe.txt',
  'with space.Data',
  'Größe.ÄÖÜ',
  'αβγ 日本語 😀',
  '.hidden',
  'two.dots.tar.gz',
  'n'.repeat(60),
  'é'.repeat(255),
  'long name that begins alike 1',
  'long name that begins alike 2',
  'long name that begins alike 3',
  'long name that begins alike 4',
  'long name that begins alike 5',
  'long name that begins alike 6',
  'LONGNA~1',
  'x+y=[z];,',
];

/** Does the same to a volume and to a model of it, and compares. */
export class Comparison {
  volume: FatVolume;
  readonly nodes = new Map<string, ModelNode>([['', { name: '', data: undefined }]]);
  readonly #dice: Dice;
  #opens: ModelOpen[] = [];
  /** What is done, and to which paths. */
  latest = '';
  touched: string[] = [];

  constructor(volume: FatVolume, seed: number) {
    this.volume = volume;
    this.#dice = new Dice(seed);
  }

  /** One operation; the volume says whether there was room for it. */
  step(): void {
    const kind = this.#dice.below(20);
    if (kind < 4) this.#create(false);
    else if (kind < 6) this.#create(true);
    else if (kind < 11) this.#write();
    else if (kind < 13) this.#resize();
    else if (kind < 15) this.#remove();
    else if (kind < 18) this.#move();
    else if (kind < 19) this.#open();
    else this.#close();
  }

  closeAll(): void {
    for (const { entry } of this.#opens) this.volume.close(entry);
    this.#opens = [];
  }

  /** The tree as it is read: paths and contents. */
  static tree(volume: FatVolume): Map<string, string> {
    const found = new Map<string, string>();
    const walk = (path: string, directory: Entry): void => {
      const entries = listed(volume, directory);
      if (entries === undefined) found.set(path, 'unreadable');
      for (const entry of entries ?? []) {
        const own = `${path}/${entry.name}`;
        found.set(own, entry.isDirectory ? 'directory' : digest(contentsOf(volume, entry)));
        if (entry.isDirectory) walk(own, entry);
      }
    };
    walk('', volume.root);
    return found;
  }

  /** The tree as it should be. */
  expected(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [key, { data }] of this.nodes) {
      if (key !== '') found.set(this.#path(key), data === undefined ? 'directory' : digest(data));
    }
    return found;
  }

  /** What the operation that was begun last has nothing to do with: paths and contents. */
  untouched(): [string, string][] {
    return [...this.expected()].filter(
      ([path]) => !this.touched.some((other) => path === other || path.startsWith(`${other}/`)),
    );
  }

  /** Each open file, and what it should hold. */
  opens(): [Buffer, Buffer][] {
    return this.#opens.map(({ entry, node }) => [
      contentsOf(this.volume, entry),
      node.data ?? Buffer.alloc(0),
    ]);
  }

  #begin(operation: string, ...paths: string[]): void {
    this.latest = operation;
    this.touched = paths.filter((path) => path !== '');
  }

  #create(isDirectory: boolean): void {
    const parent = this.#pickKey((node) => node.data === undefined);
    const name = this.#dice.pick(NAMES);
    const key = `${parent}/${name.toUpperCase()}`;
    if (this.nodes.has(key) || parent.split('/').length > 4) return;
    const path = `${this.#path(parent)}/${name}`;
    this.#begin('create', path);
    // A short name that the volume made up may be in the way, as on every FAT.
    if (this.volume.find(path) !== undefined) return;
    if (!this.#hasRoom(() => this.volume.create(path, isDirectory, 0))) return;
    this.nodes.set(key, { name, data: isDirectory ? undefined : Buffer.alloc(0) });
  }

  #write(): void {
    const found = this.#pickFile();
    if (found === undefined) return;
    const [entry, node] = found;
    const old = node.data!;
    const offset = this.#dice.below(4) === 0 ? old.length : this.#dice.below(old.length + 3000);
    const data = Buffer.alloc(1 + this.#dice.below(9000), 1 + this.#dice.below(255));
    this.#begin('write', entry.path());
    if (!this.#hasRoom(() => this.volume.data.write(entry, data, offset))) return;
    const grown = Buffer.alloc(Math.max(old.length, offset + data.length));
    old.copy(grown);
    data.copy(grown, offset);
    node.data = grown;
  }

  #resize(): void {
    const found = this.#pickFile();
    if (found === undefined) return;
    const [entry, node] = found;
    const length = this.#dice.below(3) === 0 ? 0 : this.#dice.below(20_000);
    this.#begin('resize', entry.path());
    if (!this.#hasRoom(() => this.volume.data.resize(entry, length))) return;
    const resized = Buffer.alloc(length);
    node.data!.copy(resized);
    node.data = resized;
  }

  #remove(): void {
    const key = this.#pickKey(() => true);
    if (key === '' || this.#hasChildren(key)) return;
    this.#begin('remove', this.#path(key));
    this.volume.remove(this.volume.get(this.#path(key)));
    this.nodes.delete(key);
  }

  #move(): void {
    const key = this.#pickKey(() => true);
    const parent = this.#pickKey((node) => node.data === undefined);
    if (key === '' || parent === key || parent.startsWith(`${key}/`)) return;
    const node = this.nodes.get(key)!;
    const name = this.#dice.pick([...NAMES, node.name.toUpperCase()]);
    const newKey = `${parent}/${name.toUpperCase()}`;
    const newPath = `${this.#path(parent)}/${name}`;
    const old = this.nodes.get(newKey);
    this.#begin('move', this.#path(key), newPath, old === undefined ? '' : this.#path(newKey));
    const entry = this.volume.get(this.#path(key));
    const target = this.volume.find(newPath);
    if (old === undefined && target !== undefined && target !== entry) return;
    const isOther = old !== undefined && old !== node;
    if (isOther && (old.data === undefined) !== (node.data === undefined)) return;
    if (isOther && this.#hasChildren(newKey)) return;
    if (!this.#hasRoom(() => this.volume.move(entry, newPath, true))) return;
    const moved = [...this.nodes].filter(([other]) => other.startsWith(`${key}/`));
    this.nodes.delete(key);
    // Who replaces a file takes over its name, with its capitals.
    if (isOther) node.name = old.name;
    else node.name = name;
    this.nodes.set(newKey, node);
    for (const [other] of moved) this.nodes.delete(other);
    for (const [other, child] of moved) this.nodes.set(newKey + other.slice(key.length), child);
  }

  #open(): void {
    const key = this.#pickKey((node) => node.data !== undefined);
    const node = this.nodes.get(key)!;
    if (node.data === undefined || this.#opens.length > 6) return;
    const entry = this.volume.get(this.#path(key));
    this.#begin('open', entry.path());
    this.volume.open(entry);
    this.#opens.push({ entry, node });
  }

  #close(): void {
    const [open] = this.#opens.splice(this.#dice.below(this.#opens.length + 1), 1);
    if (open === undefined) return;
    this.#begin('close', open.entry.path());
    this.volume.close(open.entry);
  }

  /** A file by its name, or one that is open, with a name or without. */
  #pickFile(): [Entry, ModelNode] | undefined {
    const open = this.#opens[this.#dice.below(this.#opens.length * 3 + 1)];
    if (open !== undefined) return [open.entry, open.node];
    const key = this.#pickKey((node) => node.data !== undefined);
    const node = this.nodes.get(key)!;
    return node.data === undefined ? undefined : [this.volume.get(this.#path(key)), node];
  }

  #pickKey(isWanted: (node: ModelNode) => boolean): string {
    const keys = [...this.nodes].filter(([, node]) => isWanted(node)).map(([key]) => key);
    return keys.length === 0 ? '' : this.#dice.pick(keys);
  }

  #hasChildren(key: string): boolean {
    return [...this.nodes.keys()].some((other) => other.startsWith(`${key}/`));
  }

  /** The path with the names as they were given. */
  #path(key: string): string {
    let path = '';
    for (let at = key.indexOf('/'); at !== -1;) {
      const next = key.indexOf('/', at + 1);
      path += `/${this.nodes.get(next === -1 ? key : key.slice(0, next))!.name}`;
      at = next;
    }
    return path;
  }

  #hasRoom(work: () => unknown): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (error instanceof DokanError && error.code === 'DISK_FULL') return false;
      throw error;
    }
  }
}

/** Short enough for a message. */
function digest(data: Buffer): string {
  return `${String(data.length)} bytes ${createHash('sha1').update(data).digest('base64')}`;
}

export function contentsOf(volume: FatVolume, entry: Entry): Buffer {
  const buffer = Buffer.alloc(entry.record.size);
  volume.data.read(entry, buffer, 0);
  return buffer;
}

/** Undefined where the directory has a second name, which a move that is cut leaves behind. */
function listed(volume: FatVolume, directory: Entry): Entry[] | undefined {
  try {
    return volume.contents(directory).list();
  } catch (error) {
    if (error instanceof DokanError && error.code === 'FILE_CORRUPT_ERROR') return undefined;
    throw error;
  }
}
