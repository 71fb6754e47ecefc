import { join } from 'node:path';
import { describe, test } from 'vitest';
import { makeImage, missingFatTools } from '../examples/imagefs/images.js';
import { allTopics, conformance, type Topic } from './all.js';
import { absent, type Features, type Target } from './target.js';
import { openExample } from './targets.js';
import { naming } from './names.js';
import { times } from './times.js';

const unknown = (what: string): Features['modes'] => absent(`FAT has no ${what}`);

const fatFeatures: Partial<Features> = {
  xattrs: unknown('extended attributes'),
  hardLinks: unknown('hard links'),
  symbolicLinks: unknown('symbolic links'),
  exchange: unknown('way to swap two names at once'),
  punchHole: unknown('holes'),
  sparseFiles: unknown('holes'),
  modes: unknown('permissions'),
  ownership: unknown('owners'),
  otherUsers: unknown('permissions'),
  rawNames: absent('FAT has names in UTF-16'),
  oddNames: absent('FAT has the names Windows has'),
  backslashes: absent('FAT has the names Windows has'),
  wideTimes: unknown('times before 1980'),
  largeFiles: absent('a file of FAT has less than 4 GiB'),
  nanoseconds: absent('FAT counts 2 seconds'),
  accessTimes: absent('the access time is a date'),
  changeTimes: unknown('change time'),
  caseSensitive: absent('names of FAT are found whatever their case'),
  zeroLinks: absent('there is no link count'),
  listedInodes: absent('FAT has no inodes'),
  privateUseNames: true,
};

async function openImagefs(): Promise<Target> {
  return openExample(
    'imagefs',
    (backing) => ['--image', makeImage(join(backing, 'disk.img'), 256 * 1024, '-F', '32')],
    fatFeatures,
  );
}

/**
 * What asks for more than FAT has, or for other limits: its names may have more than 255 bytes, and
 * those it cannot hold are not there. test/examples/imagefs asks for what it has.
 */
const left: readonly Topic[] = [times, naming];

if (missingFatTools === undefined) {
  conformance(
    'imagefs',
    openImagefs,
    allTopics.filter((topic) => !left.includes(topic)),
  );
} else {
  describe.skip(`imagefs: ${missingFatTools}`, () => test('conformance'));
}
