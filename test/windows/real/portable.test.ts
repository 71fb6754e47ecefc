import { startExample, type ExampleName } from '../../support/example.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { portable, type Place } from './portable.js';

// The suite for drives of Windows proves itself on what is known: the disk first, then volumes whose
// behaviour the conformance suite has been through.
portable('the disk', () => {
  const temporary = temporaryDirectory();
  return { directory: temporary.path, close: () => temporary.remove() };
});

async function openMounted(name: ExampleName): Promise<Place> {
  const temporary = temporaryDirectory();
  const root = temporary.directory('root');
  const args = name === 'mirrorfs' ? ['--root', root] : ['--size', '16G'];
  const example = await startExample(name, temporary.directory('mount'), { args });
  return {
    directory: example.mountPoint,
    close: async () => {
      try {
        await example.stop();
      } finally {
        temporary.remove();
      }
    },
  };
}

// On Windows the directory beside this file has the tests of drives and folders.
if (process.platform === 'linux') {
  portable('mirrorfs', () => openMounted('mirrorfs'));
  portable('memfs', () => openMounted('memfs'));
}
