// Publishes the tarball that was checked, with provenance: node scripts/ci/publish.mjs DIRECTORY TAG
// The tag must be `v` and the version; a version such as 1.0.0-rc.1 is published as `next`.
// `--dry-run` does everything but the publishing.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root, run } from '../run.mjs';

const [directory, tag, ...options] = process.argv.slice(2);
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
if (tag !== `v${version}`) {
  console.error(`The tag ${tag} is not that of version ${version}`);
  process.exit(1);
}
const tarball = `${name}-${version}.tgz`;
if (!readdirSync(directory).includes(tarball)) {
  console.error(`${join(directory, tarball)} is missing`);
  process.exit(1);
}
const dryRun = options.includes('--dry-run');
run(
  'npm',
  [
    ...['publish', resolve(directory, tarball), '--access', 'public'],
    ...['--tag', version.includes('-') ? 'next' : 'latest'],
    // Only a build machine can prove where it built.
    dryRun ? '--dry-run' : '--provenance',
  ],
  { shell: process.platform === 'win32' },
);
