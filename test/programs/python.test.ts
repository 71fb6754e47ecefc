import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { Programs, type Place } from './places.js';

const MODULES = 40;

function writeSources(place: Place): void {
  place.make('app', 'parts');
  writeFileSync(place.path('app', '__init__.py'), '');
  writeFileSync(place.path('app', 'parts', '__init__.py'), '');
  for (let number = 0; number < MODULES; number += 1) {
    const text = `def value():\n    return ${String(number)}  # né語\n`;
    writeFileSync(place.path('app', 'parts', `part${String(number)}.py`), text);
  }
  writeFileSync(
    place.path('app', '__main__.py'),
    [
      'import importlib, os, sys, zipfile',
      `names = ['app.parts.part%d' % number for number in range(${String(MODULES)})]`,
      'modules = [importlib.import_module(name) for name in names]',
      'print(sum(module.value() for module in modules))',
      // Loaded from what was compiled, not from the source.
      'print(all(os.path.exists(module.__cached__) for module in modules))',
      "with zipfile.ZipFile('all.zip', 'w') as archive:",
      '    for module in modules:',
      '        archive.write(module.__file__, module.__name__)',
      "with zipfile.ZipFile('all.zip') as archive:",
      '    print(archive.testzip(), len(archive.namelist()))',
      '',
    ].join('\n'),
  );
}

const programs = new Programs();

programs.add('python3: compile all, run, change, run', ['python3'], async (place) => {
  writeSources(place);
  const python = (...args: string[]): Promise<string> =>
    place.run('python3', args, { env: { PYTHONPATH: '', PYTHONHASHSEED: '0' } });
  await python('-m', 'compileall', '-q', '-j', '2', 'app');
  const compiled = (await place.run('find', ['.', '-name', '*.pyc'])).trim().split('\n').sort();
  expect(compiled).toHaveLength(MODULES + 3);
  // What is compiled is taken only when it names the time and size of the source as they are.
  await place.run('chmod', ['-R', 'a-w', 'app/parts/__pycache__']);
  const first = await python('-m', 'app');
  expect(first).toContain('True\n');
  await place.run('chmod', ['-R', 'u+w', 'app/parts/__pycache__']);
  writeFileSync(place.path('app', 'parts', 'part0.py'), 'def value():\n    return 100000\n');
  await place.run('touch', ['--date=2001-02-03 04:05:06 UTC', 'app/parts/part0.py']);
  const second = await python('-m', 'app');
  expect(second).not.toBe(first);
  const again = await python('-m', 'compileall', '-q', 'app');
  return { compiled, first, second, again };
});

programs.install();
