// Builds and tests on Windows: the addon in both ways (node-gyp as users do, CMake as for prebuilt
// addons), then the suite with the real driver. `npm ci --ignore-scripts` comes before.
import { run } from '../run.mjs';

// npm is a batch file on Windows, which only a shell can start.
const npm = (...args) => run('npm', args, { shell: process.platform === 'win32' });

npm('run', 'build:cmake');
npm('run', 'build');
npm('test');
