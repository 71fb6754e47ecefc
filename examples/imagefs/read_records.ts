import type { Geometry } from './geometry.js';
import { isLongNameRecord, LongNameReader } from './long_name.js';
import { LABEL_BIT, Record, SLOT_SIZE } from './record.js';
import { showShortName } from './short_name.js';
import { SlotMap } from './slot_map.js';

export interface FoundRecord {
  readonly name: string;
  readonly record: Record;
  readonly slot: number;
  /** Records of its long name, right before it. */
  readonly nameSlots: number;
}

/** `.` and `..`, which each directory but the root begins with. */
const DOT = 0x2e;

export interface FoundRecords {
  readonly found: FoundRecord[];
  /** Files and directories whose names are all spaces. */
  readonly nameless: number;
  readonly label: string | undefined;
}

/** Reads the bytes of a directory. */
export function readRecords(bytes: Buffer, geometry: Geometry): FoundRecords {
  const found: FoundRecord[] = [];
  const reader = new LongNameReader();
  let label: string | undefined;
  let nameless = 0;
  let nameStart = -1;
  for (let at = 0; at < bytes.length; at += SLOT_SIZE) {
    const slot = at / SLOT_SIZE;
    const record = bytes.subarray(at, at + SLOT_SIZE);
    const first = record[0];
    if (first === 0) break;
    if (first !== SlotMap.FREE && isLongNameRecord(record)) {
      if (reader.add(record)) nameStart = slot;
      continue;
    }
    const long = reader.take(record.subarray(0, 11));
    if (first === SlotMap.FREE || first === DOT) continue;
    if (record.readUInt8(11) & LABEL_BIT) {
      label ??= record.toString('latin1', 0, 11).trimEnd();
      continue;
    }
    // A copy: the bytes of the whole directory would stay for the sake of one entry.
    const own = new Record(Buffer.from(record), geometry);
    const name = long ?? showShortName(own.shortName, own.caseBits);
    const nameSlots = long === undefined ? 0 : slot - nameStart;
    if (name === '') nameless += 1;
    else found.push({ name, record: own, slot, nameSlots });
  }
  return { found, nameless, label };
}
