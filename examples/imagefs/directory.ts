import { DokanError, NtStatus } from 'node-dokan';
import { upperCaseKey } from '../common/upper_case.js';
import { Chain, type Storage } from './chain.js';
import type { Disk } from './disk.js';
import { Entry } from './entry.js';
import { encodeLongName } from './long_name.js';
import { readRecords } from './read_records.js';
import { Record, SLOT_SIZE } from './record.js';
import { aliases, plainShortName, showShortName } from './short_name.js';
import { SlotMap } from './slot_map.js';

/** Records a directory may have, by the specification. */
const MOST_SLOTS = 65_536;
const PARENT = Buffer.from('..         ');

/** The contents of a directory, read as a whole. What is changed is written at once. */
export class Directory {
  readonly entry: Entry;
  /** How many of its entries must stay the objects they are. */
  holds = 0;
  readonly #disk: Disk;
  readonly #storage: Storage;
  readonly #slots: SlotMap;
  readonly #byName = new Map<string, Entry>();
  /** By the short name, where that is another one than the name. */
  readonly #byAlias = new Map<string, Entry>();
  /** The volume label, which is a record of the root. */
  readonly label: string | undefined;
  #count: number;

  /** @param entry - what this is the contents of */
  constructor(disk: Disk, entry: Entry, storage: Storage) {
    this.#disk = disk;
    this.entry = entry;
    this.#storage = storage;
    const bytes = Buffer.alloc(Math.min(storage.room, MOST_SLOTS * SLOT_SIZE));
    disk.read(storage, bytes, 0);
    this.#slots = new SlotMap(bytes);
    const { found, nameless, label } = readRecords(bytes, disk.geometry);
    this.label = label;
    this.#count = found.length + nameless;
    for (const { name, record, slot, nameSlots } of found) {
      this.#index(new Entry(name, record, this, slot, nameSlots));
    }
  }

  /** Files and directories, those that cannot be shown as well: two of one name, or without any. */
  get count(): number {
    return this.#count;
  }

  list(): Entry[] {
    return [...this.#byName.values()];
  }

  /** By its name or by its short name, in capitals or not. */
  find(name: string): Entry | undefined {
    const key = upperCaseKey(name);
    return this.#byName.get(key) ?? this.#byAlias.get(key);
  }

  /**
   * Gives an entry a name that is not taken, and writes its record.
   * @throws DokanError DISK_FULL, having changed nothing
   */
  add(entry: Entry, name: string): void {
    const plain = plainShortName(name);
    const short = plain ?? { bytes: this.#alias(name), caseBits: 0 };
    const long = plain === undefined ? encodeLongName(name, short.bytes) : Buffer.alloc(0);
    const nameSlots = long.length / SLOT_SIZE;
    const start = this.#place(nameSlots + 1);
    entry.name = name;
    entry.directory = this;
    entry.nameSlots = nameSlots;
    entry.slot = start + nameSlots;
    entry.record.setShortName(short.bytes, short.caseBits);
    this.#slots.take(start, nameSlots + 1);
    this.remember(entry);
    this.#terminate();
    this.#write(Buffer.concat([long, entry.record.bytes]), start);
  }

  /** Lets an entry have the name and the place of another one, in one write. */
  replace(old: Entry, entry: Entry): void {
    this.forget(old);
    entry.record.setShortName(old.record.shortName, old.record.caseBits);
    entry.name = old.name;
    entry.directory = this;
    entry.slot = old.slot;
    entry.nameSlots = old.nameSlots;
    this.remember(entry);
    this.writeRecord(entry);
  }

  /** An entry is not found any more; its records stay until `vacate`. */
  forget(entry: Entry): void {
    this.#count -= 1;
    const key = upperCaseKey(entry.name);
    if (this.#byName.get(key) === entry) this.#byName.delete(key);
    const alias = aliasOf(entry);
    if (this.#byAlias.get(alias) === entry) this.#byAlias.delete(alias);
  }

  /** Takes back `forget`. */
  remember(entry: Entry): void {
    this.#count += 1;
    this.#index(entry);
  }

  /** Marks the records of an entry as free. */
  vacate(slot: number, nameSlots: number): void {
    const start = slot - nameSlots;
    const bytes = Buffer.alloc((nameSlots + 1) * SLOT_SIZE);
    for (let at = 0; at < bytes.length; at += SLOT_SIZE) bytes[at] = SlotMap.FREE;
    this.#write(bytes, start);
    this.#slots.give(start, nameSlots + 1);
  }

  writeRecord({ record, slot }: Entry): void {
    this.#write(record.bytes, slot);
  }

  /** Its record of the directory above. @throws DokanError FILE_CORRUPT_ERROR when it has none */
  parentRecord(): Record {
    const bytes = Buffer.alloc(SLOT_SIZE);
    this.#disk.read(this.#storage, bytes, SLOT_SIZE);
    const record = new Record(bytes, this.#disk.geometry);
    if (!record.isDirectory || !record.shortName.equals(PARENT)) {
      throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    }
    return record;
  }

  /**
   * Sets what `..` leads to: the cluster of the directory above, 0 when that is the root.
   * @param record - the one `parentRecord` found
   */
  writeParent(record: Record, parent: Directory): void {
    record.firstCluster = parent.entry.isRoot ? 0 : parent.entry.record.firstCluster;
    this.#write(record.bytes, 1);
  }

  #index(entry: Entry): void {
    const key = upperCaseKey(entry.name);
    // A volume that was written by others may have a name twice: the first one counts.
    if (!this.#byName.has(key)) this.#byName.set(key, entry);
    const alias = aliasOf(entry);
    if (alias !== key && !this.#byAlias.has(alias)) this.#byAlias.set(alias, entry);
  }

  #alias(name: string): Buffer {
    const candidates = aliases(name);
    for (;;) {
      const { value: bytes } = candidates.next();
      const alias = showShortName(bytes);
      if (!this.#byName.has(alias) && !this.#byAlias.has(alias)) return bytes;
    }
  }

  /** Finds room for records, or makes it. @throws DokanError DISK_FULL */
  #place(count: number): number {
    for (;;) {
      const start = this.#slots.find(count);
      if (start !== undefined) return start;
      this.#grow();
    }
  }

  #grow(): void {
    const { table, geometry } = this.#disk;
    const storage = this.#storage;
    if (!(storage instanceof Chain) || storage.room >= MOST_SLOTS * SLOT_SIZE) {
      throw new DokanError(NtStatus.DISK_FULL);
    }
    const { last, room } = storage;
    const added = table.allocate(1, last);
    table.commit();
    storage.append(added);
    this.#disk.clear(storage, room, storage.room);
    table.link(last, storage.last);
    table.commit();
    this.#slots.extend(geometry.clusterSize / SLOT_SIZE);
  }

  /** What lies behind the last record counts as free, whatever it is: then a zero has to end it. */
  #terminate(): void {
    const end = this.#slots.endToWrite();
    if (end !== undefined) this.#write(Buffer.alloc(SLOT_SIZE), end);
  }

  #write(bytes: Buffer, slot: number): void {
    this.#disk.write(this.#storage, bytes, slot * SLOT_SIZE);
  }
}

function aliasOf({ record }: Entry): string {
  return upperCaseKey(showShortName(record.shortName));
}
