// Writes into package.json which repository this is, as the build machine knows it (GITHUB_REPOSITORY):
// npm publishes with provenance only what names the repository it was built in, forks included.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../run.mjs';

const repository = process.env.GITHUB_REPOSITORY;
if (!/^[\w.-]+\/[\w.-]+$/.test(repository ?? '')) {
  console.error('GITHUB_REPOSITORY does not name a repository (owner/name)');
  process.exit(1);
}
const path = join(root, 'package.json');
const manifest = JSON.parse(readFileSync(path, 'utf8'));
manifest.repository = { type: 'git', url: `git+https://github.com/${repository}.git` };
writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
