import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountError } from 'node-dokan';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { preparePlace } from '../../../examples/common/mount_place.js';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'mount-place-'));
});

afterEach(() => {
  rmSync(base, { recursive: true });
});

it('makes a directory that is missing, and removes it again', () => {
  const directory = join(base, 'mnt');
  const place = preparePlace(directory);
  expect(place.mountPoint).toBe(directory);
  expect(existsSync(directory)).toBe(true);
  place.restore();
  expect(existsSync(directory)).toBe(false);
});

it('leaves a directory that was there, and one that is in use by then', () => {
  const directory = join(base, 'mnt');
  mkdirSync(directory);
  preparePlace(directory).restore();
  expect(existsSync(directory)).toBe(true);
  const other = preparePlace(join(base, 'other'));
  writeFileSync(join(base, 'other', 'file'), '');
  other.restore();
  expect(existsSync(join(base, 'other', 'file'))).toBe(true);
});

it('leaves drive letters to the system', () => {
  expect(preparePlace('M:').mountPoint).toBe('M:');
});

it('says what to do when it cannot make the directory', () => {
  const attempt = () => preparePlace(join(base, 'no', 'mnt'));
  expect(attempt).toThrow(MountError);
  expect(attempt).toThrow(/Make .*no first/);
});
