// Writes files in a directory for as long as it can: each is on the disk, and closed, before its name
// and SHA-256 go out as a line. Ends when it cannot any more.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const [directory] = process.argv.slice(2);
const CHUNK = 64 * 1024;

try {
  for (let number = 0; ; number += 1) {
    const name = `file-${number}`;
    const content = randomBytes(1 + (number % 7) * 50_000);
    const fd = openSync(join(directory, name), 'wx');
    // Several writes: whatever happens, happens in the middle of one as a rule.
    for (let at = 0; at < content.length; at += CHUNK) {
      writeSync(fd, content, at, Math.min(CHUNK, content.length - at), at);
    }
    fsyncSync(fd);
    closeSync(fd);
    writeSync(1, `${name} ${createHash('sha256').update(content).digest('hex')}\n`);
  }
} catch (error) {
  writeSync(1, `ended ${error.code}\n`);
}
