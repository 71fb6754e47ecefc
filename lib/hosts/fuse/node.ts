import { FileMode } from '../../constants.js';
import type { FileInformation, Timestamp } from '../../operations.js';
import { isDirectoryMode } from './attributes.js';
import type { FileHandle, PassedFile } from './handles.js';
import type { KeptListing } from './kept_listing.js';
import type { SeenFile } from './kept_pages.js';
import { ROOT_ID } from './protocol.js';

/** One place a node is found at. */
export interface Place {
  readonly parent: Node;
  readonly name: string;
}

/** What most nodes have nothing of: kept apart, because there may be a million of them. */
class Rarities {
  otherPlaces: Place[] | undefined = undefined;
  unseenNames = 0;
  birth: number | bigint | undefined = undefined;
  remains: FileInformation | undefined = undefined;
  replacedAt: Place | undefined = undefined;
  childCount = 0;
  prefix: string | undefined = undefined;
  seen: SeenFile | undefined = undefined;
  epoch = 0;
  kept: KeptListing | undefined = undefined;
  namesChanged = 0;
  moved = 0;
}

/** A file the kernel knows by number. */
export class Node {
  readonly id: number;
  readonly generation: number;
  /** Where it is found; `undefined` for the root and for what is unlinked. */
  parent: Node | undefined;
  /** Its name there; without a parent its whole path, the last one it had. */
  name: string;
  /** How often the kernel was told of it, less what it has forgotten. */
  lookups = 0;
  /** The mode last told to the kernel. */
  mode = 0;
  /** It was on a medium that is no longer there: only the kernel's counts of it still matter. */
  isLost = false;
  inode: number | bigint | undefined = undefined;
  /** Opens of it: attributes of an unlinked file come through one of these. In no order. */
  opens: FileHandle[] | undefined = undefined;
  /** The file the kernel reads and writes itself for opens of it. */
  passed: PassedFile | undefined = undefined;
  #rarities: Rarities | undefined = undefined;

  constructor(id: number, generation: number, parent: Node | undefined, name: string) {
    this.id = id;
    this.generation = generation;
    this.parent = parent;
    this.name = name;
  }

  get isUnlinked(): boolean {
    return this.parent === undefined && this.id !== ROOT_ID;
  }

  /** Further names of the same file (hard links). */
  get otherPlaces(): Place[] | undefined {
    return this.#rarities?.otherPlaces;
  }

  set otherPlaces(places: Place[] | undefined) {
    if (places !== undefined || this.#rarities !== undefined) this.#rare().otherPlaces = places;
  }

  /** Names it has, by what the file system said last, that were never looked up. */
  get unseenNames(): number {
    return this.#rarities?.unseenNames ?? 0;
  }

  set unseenNames(count: number) {
    if (count !== 0 || this.#rarities !== undefined) this.#rare().unseenNames = count;
  }

  /**
   * When it was made, which tells it from another file that is given its inode number. Known only
   * where it may be needed: of what has names that were never looked up, or none at all.
   */
  get birth(): number | bigint | undefined {
    return this.#rarities?.birth;
  }

  set birth(time: number | bigint | undefined) {
    if (time !== undefined || this.#rarities !== undefined) this.#rare().birth = time;
  }

  /** Of a removed directory: what it was, for whoever is still in it. */
  get remains(): FileInformation | undefined {
    return this.#rarities?.remains;
  }

  set remains(info: FileInformation | undefined) {
    this.#rare().remains = info;
  }

  /** Where it was when another file took its place. */
  get replacedAt(): Place | undefined {
    return this.#rarities?.replacedAt;
  }

  set replacedAt(place: Place | undefined) {
    this.#rare().replacedAt = place;
  }

  /** What its data file looked like when it was opened last. */
  get seen(): SeenFile | undefined {
    return this.#rarities?.seen;
  }

  set seen(seen: SeenFile | undefined) {
    this.#rare().seen = seen;
  }

  /** Names below it that the kernel was told of. */
  get childCount(): number {
    return this.#rarities?.childCount ?? 0;
  }

  set childCount(count: number) {
    if (count !== 0 || this.#rarities !== undefined) this.#rare().childCount = count;
  }

  /** Of a directory that is open or was listed: what the kernel may keep of its names. */
  get kept(): KeptListing | undefined {
    return this.#rarities?.kept;
  }

  set kept(kept: KeptListing | undefined) {
    if (kept !== undefined || this.#rarities !== undefined) this.#rare().kept = kept;
  }

  /** Of a directory: what the paths below it begin with, if that was made in this epoch. */
  prefixOf(epoch: number): string | undefined {
    return this.#rarities?.epoch === epoch ? this.#rarities.prefix : undefined;
  }

  setPrefix(prefix: string, epoch: number): void {
    const rare = this.#rare();
    rare.prefix = prefix;
    rare.epoch = epoch;
  }

  dropPrefix(): void {
    if (this.#rarities !== undefined) this.#rarities.prefix = undefined;
  }

  /** Of a directory: the change by which a name in it was given or taken last; see NodeTable. */
  get namesChanged(): number {
    return this.#rarities?.namesChanged ?? 0;
  }

  set namesChanged(change: number) {
    this.#rare().namesChanged = change;
  }

  /** Of a directory: the change by which it got its name, if it was made under another one. */
  get moved(): number {
    return this.#rarities?.moved ?? 0;
  }

  set moved(change: number) {
    this.#rare().moved = change;
  }

  isAt(parent: Node, name: string): boolean {
    return this.parent === parent && this.name === name;
  }

  #rare(): Rarities {
    return (this.#rarities ??= new Rarities());
  }
}

/** True when what a name is found to be now cannot be the file of its node. */
export function isOther(node: Node, { inode }: FileInformation, mode: number): boolean {
  if (inode !== undefined && node.inode !== undefined && inode !== node.inode) return true;
  // The kernel gives up a node whose type changes, and everything that is open of it.
  return node.mode !== 0 && (node.mode & FileMode.TYPE_MASK) !== (mode & FileMode.TYPE_MASK);
}

/** What the kernel was told is no directory: those have one name. */
export function isFile(mode: number): boolean {
  return mode !== 0 && !isDirectoryMode(mode);
}

/** A time as it can be compared. */
export function birthOf(time: Timestamp | undefined): number | bigint | undefined {
  return typeof time === 'object' ? time.getTime() : time;
}
