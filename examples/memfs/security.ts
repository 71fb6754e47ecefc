import { DokanError, NtStatus, SecurityInformation } from 'node-dokan';
import { ADMINISTRATORS, EVERYONE } from './sid.js';

/**
 * Self-relative security descriptors ([MS-DTYP] 2.4.6): a header of 20 bytes (revision, control,
 * four offsets), and behind it owner, group, SACL and DACL, each where its offset says.
 */

const HEADER = 20;
const OWNER_OFFSET = 4;
const GROUP_OFFSET = 8;
const SACL_OFFSET = 12;
const DACL_OFFSET = 16;

/** Bits of the control field. */
export const Control = {
  OWNER_DEFAULTED: 0x1,
  GROUP_DEFAULTED: 0x2,
  DACL_PRESENT: 0x4,
  DACL_DEFAULTED: 0x8,
  SACL_PRESENT: 0x10,
  SACL_DEFAULTED: 0x20,
  DACL_AUTO_INHERITED: 0x400,
  SACL_AUTO_INHERITED: 0x800,
  DACL_PROTECTED: 0x1000,
  SACL_PROTECTED: 0x2000,
  SELF_RELATIVE: 0x8000,
} as const;

const OWNER_CONTROL = Control.OWNER_DEFAULTED;
const GROUP_CONTROL = Control.GROUP_DEFAULTED;
const DACL_CONTROL =
  Control.DACL_PRESENT |
  Control.DACL_DEFAULTED |
  Control.DACL_AUTO_INHERITED |
  Control.DACL_PROTECTED;
const SACL_CONTROL =
  Control.SACL_PRESENT |
  Control.SACL_DEFAULTED |
  Control.SACL_AUTO_INHERITED |
  Control.SACL_PROTECTED;

/** The integrity label is an entry of the SACL, so who asks for either gets the SACL. */
const SACL_PARTS = SecurityInformation.SACL | SecurityInformation.LABEL;

const REVISION = 1;
const SID_HEADER = 8;
const MAXIMUM_SUB_AUTHORITIES = 15;
const ACL_HEADER = 8;
const ACL_REVISIONS = [2, 4];
const ACE_HEADER = 4;

/** A security descriptor, its parts as they stand in the binary form. */
export interface SecurityDescriptor {
  /** Bits of `Control`. */
  readonly control: number;
  readonly owner: Buffer | undefined;
  readonly group: Buffer | undefined;
  /** Undefined with DACL_PRESENT: everyone may do everything. */
  readonly dacl: Buffer | undefined;
  readonly sacl: Buffer | undefined;
  readonly byteLength: number;
}

type Parts = Omit<SecurityDescriptor, 'byteLength'>;

/** @throws DokanError INVALID_SECURITY_DESCR unless everything in it lies where it may */
export function parseSecurityDescriptor(buffer: Buffer): SecurityDescriptor {
  demand(buffer.length >= HEADER && buffer[0] === REVISION);
  const control = buffer.readUInt16LE(2);
  demand((control & Control.SELF_RELATIVE) !== 0);
  return descriptor({
    control,
    owner: part(buffer, OWNER_OFFSET, sidLength),
    group: part(buffer, GROUP_OFFSET, sidLength),
    dacl: control & Control.DACL_PRESENT ? part(buffer, DACL_OFFSET, aclLength) : undefined,
    sacl: control & Control.SACL_PRESENT ? part(buffer, SACL_OFFSET, aclLength) : undefined,
  });
}

/** The binary form of those parts that are wanted. */
export function formatSecurityDescriptor(
  { control, owner, group, dacl, sacl }: SecurityDescriptor,
  wanted: number,
): Buffer {
  let shown: number = Control.SELF_RELATIVE;
  const parts: [field: number, content: Buffer | undefined][] = [];
  const show = (field: number, content: Buffer | undefined, controlBits: number): void => {
    shown |= control & controlBits;
    parts.push([field, content]);
  };
  if (wanted & SecurityInformation.OWNER) show(OWNER_OFFSET, owner, OWNER_CONTROL);
  if (wanted & SecurityInformation.GROUP) show(GROUP_OFFSET, group, GROUP_CONTROL);
  if (wanted & SACL_PARTS) show(SACL_OFFSET, sacl, SACL_CONTROL);
  if (wanted & SecurityInformation.DACL) show(DACL_OFFSET, dacl, DACL_CONTROL);
  const header = Buffer.alloc(HEADER);
  const pieces: Buffer[] = [header];
  let end = HEADER;
  for (const [field, content] of parts) {
    if (content === undefined) continue;
    header.writeUInt32LE(end, field);
    pieces.push(content);
    end += content.length;
  }
  header[0] = REVISION;
  header.writeUInt16LE(shown, 2);
  return Buffer.concat(pieces, end);
}

/** What is there, with the parts that are given in place of its own. */
export function mergeSecurityDescriptor(
  old: SecurityDescriptor,
  given: SecurityDescriptor,
  givenParts: number,
): SecurityDescriptor {
  const { OWNER, GROUP, DACL } = SecurityInformation;
  const owner = givenParts & OWNER ? given : old;
  const group = givenParts & GROUP ? given : old;
  const dacl = givenParts & DACL ? given : old;
  const sacl = givenParts & SACL_PARTS ? given : old;
  // A file always has an owner; a descriptor that gives none under this name is wrong.
  demand(owner.owner !== undefined);
  return descriptor({
    control: withProtection(
      (owner.control & OWNER_CONTROL) |
        (group.control & GROUP_CONTROL) |
        (dacl.control & DACL_CONTROL) |
        (sacl.control & SACL_CONTROL),
      givenParts,
    ),
    owner: owner.owner,
    group: group.group,
    dacl: dacl.dacl,
    sacl: sacl.sacl,
  });
}

/** Protecting an ACL from inheritance is asked for beside the descriptor as well as in it. */
function withProtection(control: number, givenParts: number): number {
  const { PROTECTED_DACL, PROTECTED_SACL, UNPROTECTED_DACL, UNPROTECTED_SACL } =
    SecurityInformation;
  let result = control;
  if (givenParts & PROTECTED_DACL) result |= Control.DACL_PROTECTED;
  if (givenParts & UNPROTECTED_DACL) result &= ~Control.DACL_PROTECTED;
  if (givenParts & PROTECTED_SACL) result |= Control.SACL_PROTECTED;
  if (givenParts & UNPROTECTED_SACL) result &= ~Control.SACL_PROTECTED;
  return result;
}

/** What a new node is given: what it was created with, the default for the rest. */
export function newSecurityDescriptor(given: Buffer): SecurityDescriptor {
  const { OWNER, GROUP, DACL, SACL } = SecurityInformation;
  const parsed = parseSecurityDescriptor(given);
  return mergeSecurityDescriptor(
    DEFAULT_SECURITY,
    parsed,
    (parsed.owner === undefined ? 0 : OWNER) |
      (parsed.group === undefined ? 0 : GROUP) |
      (parsed.control & Control.DACL_PRESENT ? DACL : 0) |
      (parsed.control & Control.SACL_PRESENT ? SACL : 0),
  );
}

function descriptor(parts: Parts): SecurityDescriptor {
  const { owner, group, dacl, sacl } = parts;
  let byteLength = HEADER;
  for (const content of [owner, group, dacl, sacl]) byteLength += content?.length ?? 0;
  return { ...parts, byteLength };
}

function demand(condition: boolean): asserts condition {
  if (!condition) throw new DokanError(NtStatus.INVALID_SECURITY_DESCR);
}

/** A copy of the part whose offset stands at `field`; offset 0 means that there is none. */
function part(
  buffer: Buffer,
  field: number,
  lengthAt: (buffer: Buffer, offset: number) => number,
): Buffer | undefined {
  const offset = buffer.readUInt32LE(field);
  if (offset === 0) return undefined;
  demand(offset >= HEADER && offset < buffer.length);
  return Buffer.from(buffer.subarray(offset, offset + lengthAt(buffer, offset)));
}

function sidLength(buffer: Buffer, offset: number): number {
  demand(offset + SID_HEADER <= buffer.length);
  const count = buffer.readUInt8(offset + 1);
  const length = SID_HEADER + 4 * count;
  demand(buffer[offset] === REVISION && count <= MAXIMUM_SUB_AUTHORITIES);
  demand(offset + length <= buffer.length);
  return length;
}

function aclLength(buffer: Buffer, offset: number): number {
  demand(offset + ACL_HEADER <= buffer.length);
  demand(ACL_REVISIONS.includes(buffer.readUInt8(offset)));
  const length = buffer.readUInt16LE(offset + 2);
  const end = offset + length;
  demand(length >= ACL_HEADER && end <= buffer.length);
  let ace = offset + ACL_HEADER;
  for (let left = buffer.readUInt16LE(offset + 4); left > 0; left -= 1) {
    demand(ace + ACE_HEADER <= end);
    const aceLength = buffer.readUInt16LE(ace + 2);
    demand(aceLength >= ACE_HEADER && ace + aceLength <= end);
    ace += aceLength;
  }
  return length;
}

const ACCESS_ALLOWED_ACE = 0;
const INHERITED_BY_FILES_AND_DIRECTORIES = 0x3;
const FILE_ALL_ACCESS = 0x1f01ff;

/** An ACL whose one entry lets `sid` do everything, here and below. */
function fullAccess(sid: Buffer): Buffer {
  const aceLength = 8 + sid.length;
  const acl = Buffer.alloc(ACL_HEADER + aceLength);
  acl[0] = 2;
  acl.writeUInt16LE(acl.length, 2);
  acl.writeUInt16LE(1, 4);
  acl[ACL_HEADER] = ACCESS_ALLOWED_ACE;
  acl[ACL_HEADER + 1] = INHERITED_BY_FILES_AND_DIRECTORIES;
  acl.writeUInt16LE(aceLength, ACL_HEADER + 2);
  acl.writeUInt32LE(FILE_ALL_ACCESS, ACL_HEADER + 4);
  sid.copy(acl, ACL_HEADER + 8);
  return acl;
}

/** Of every node that has been given none: Administrators' own, open to everyone. */
export const DEFAULT_SECURITY = descriptor({
  control: Control.DACL_PRESENT,
  owner: ADMINISTRATORS,
  group: ADMINISTRATORS,
  dacl: fullAccess(EVERYONE),
  sacl: undefined,
});
