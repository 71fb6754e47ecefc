import fc from 'fast-check';
import { SecurityInformation } from 'node-dokan';
import { describe, expect, it } from 'vitest';
import {
  Control,
  DEFAULT_SECURITY,
  formatSecurityDescriptor,
  mergeSecurityDescriptor,
  newSecurityDescriptor,
  parseSecurityDescriptor,
} from '../../../examples/memfs/security.js';
import { EVERYONE } from '../../../examples/memfs/sid.js';
import { failure } from './fake_open.js';

const { OWNER, GROUP, DACL, SACL, PROTECTED_DACL, UNPROTECTED_DACL } = SecurityInformation;
const ALL = OWNER | GROUP | DACL | SACL;

/** Owner and group Administrators, Everyone full access: as [MS-DTYP] lays it out, byte by byte. */
const DEFAULT_BYTES = Buffer.from(
  [
    '01 00 04 80 14 00 00 00 24 00 00 00 00 00 00 00 34 00 00 00', // header
    '01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00', // S-1-5-32-544
    '01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00',
    '02 00 1c 00 01 00 00 00', // ACL: 28 bytes, one entry
    '00 03 14 00 ff 01 1f 00 01 01 00 00 00 00 00 01 00 00 00 00', // allow S-1-1-0
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

function ownerOnly(owner: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 1;
  header.writeUInt16LE(Control.SELF_RELATIVE, 2);
  header.writeUInt32LE(20, 4);
  return Buffer.concat([header, owner]);
}

describe('the default descriptor', () => {
  it('has the bytes Windows gives it', () => {
    expect(formatSecurityDescriptor(DEFAULT_SECURITY, ALL)).toEqual(DEFAULT_BYTES);
  });

  it('comes back from its bytes', () => {
    expect(parseSecurityDescriptor(DEFAULT_BYTES)).toEqual({
      ...DEFAULT_SECURITY,
      control: DEFAULT_SECURITY.control | Control.SELF_RELATIVE,
    });
  });
});

describe('formatSecurityDescriptor', () => {
  it('gives only what is asked for', () => {
    const only = (parts: number) =>
      parseSecurityDescriptor(formatSecurityDescriptor(DEFAULT_SECURITY, parts));
    expect(only(OWNER)).toMatchObject({ group: undefined, dacl: undefined, byteLength: 36 });
    expect(only(OWNER).control).toBe(Control.SELF_RELATIVE);
    expect(only(DACL).owner).toBeUndefined();
    expect(only(DACL).control).toBe(Control.SELF_RELATIVE | Control.DACL_PRESENT);
    expect(only(0).byteLength).toBe(20);
  });
});

describe('mergeSecurityDescriptor', () => {
  it('replaces what is given, and nothing else', () => {
    const given = parseSecurityDescriptor(ownerOnly(EVERYONE));
    const merged = mergeSecurityDescriptor(DEFAULT_SECURITY, given, OWNER);
    expect(merged.owner).toEqual(EVERYONE);
    expect(merged.dacl).toEqual(DEFAULT_SECURITY.dacl);
    expect(merged.byteLength).toBe(formatSecurityDescriptor(merged, ALL).length);
  });

  it('takes a DACL away, which lets everyone in', () => {
    const given = parseSecurityDescriptor(ownerOnly(EVERYONE));
    const merged = mergeSecurityDescriptor(DEFAULT_SECURITY, given, DACL);
    expect(merged.dacl).toBeUndefined();
    expect(merged.control & Control.DACL_PRESENT).toBe(0);
  });

  it('protects the DACL, and no longer', () => {
    const protect = (parts: number, old = DEFAULT_SECURITY) =>
      mergeSecurityDescriptor(old, DEFAULT_SECURITY, parts);
    const isProtected = protect(DACL | PROTECTED_DACL);
    expect(isProtected.control & Control.DACL_PROTECTED).not.toBe(0);
    expect(protect(UNPROTECTED_DACL, isProtected).control & Control.DACL_PROTECTED).toBe(0);
  });

  it('refuses to leave a file without owner', () => {
    const none = parseSecurityDescriptor(formatSecurityDescriptor(DEFAULT_SECURITY, 0));
    expect(failure(() => mergeSecurityDescriptor(DEFAULT_SECURITY, none, OWNER))).toBe(
      'INVALID_SECURITY_DESCR',
    );
  });
});

describe('newSecurityDescriptor', () => {
  it('fills in what is missing', () => {
    const made = newSecurityDescriptor(ownerOnly(EVERYONE));
    expect(made.owner).toEqual(EVERYONE);
    expect(made.group).toEqual(DEFAULT_SECURITY.group);
    expect(made.dacl).toEqual(DEFAULT_SECURITY.dacl);
  });
});

describe('parseSecurityDescriptor', () => {
  it.each([
    ['shorter than its header', (bytes: Buffer) => bytes.subarray(0, 19)],
    ['of another revision', (bytes: Buffer) => bytes.fill(2, 0, 1)],
    ['not self-relative', (bytes: Buffer) => bytes.fill(0, 3, 4)],
    ['with an owner inside the header', (bytes: Buffer) => bytes.fill(19, 4, 5)],
    ['with an owner behind its end', (bytes: Buffer) => bytes.fill(0xff, 4, 8)],
    ['with a SID of 16 parts', (bytes: Buffer) => bytes.fill(16, 21, 22)],
    ['with an ACL longer than itself', (bytes: Buffer) => bytes.fill(0x1d, 54, 55)],
    ['with an ACL shorter than its header', (bytes: Buffer) => bytes.fill(7, 54, 55)],
    ['with more entries than it holds', (bytes: Buffer) => bytes.fill(2, 56, 57)],
    ['with an entry longer than its ACL', (bytes: Buffer) => bytes.fill(0x15, 62, 63)],
    ['with an entry of no length', (bytes: Buffer) => bytes.fill(0, 62, 63)],
  ])('refuses one %s', (_what, spoil) => {
    const spoilt = spoil(Buffer.from(DEFAULT_BYTES));
    expect(failure(() => parseSecurityDescriptor(spoilt))).toBe('INVALID_SECURITY_DESCR');
  });

  it('answers or refuses, whatever bytes it is given', () => {
    const mutations = fc.array(fc.tuple(fc.nat(DEFAULT_BYTES.length - 1), fc.nat(255)));
    fc.assert(
      fc.property(mutations, fc.nat(DEFAULT_BYTES.length), (changes, length) => {
        const bytes = Buffer.from(DEFAULT_BYTES);
        for (const [index, value] of changes) bytes[index] = value;
        expect([undefined, 'INVALID_SECURITY_DESCR']).toContain(
          failure(() => parseSecurityDescriptor(bytes.subarray(0, length))),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
