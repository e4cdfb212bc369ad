import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';

/** What each file imports, and the rules that must object (to a cycle: at its first file); the files hold nothing else. */
const VIOLATIONS: readonly { readonly file: string; readonly imports: readonly string[]; readonly rules: readonly string[] }[] = [
  { file: 'gateway/a.ts', imports: ['../worker/b.ts'], rules: ['tiers-apart'] },
  { file: 'worker/b.ts', imports: ['node:fs'], rules: [] },
  { file: 'shared/runtime/c.ts', imports: ['../../worker/b.ts'], rules: ['shared-knows-no-tier'] },
  { file: 'worker/d.ts', imports: ['../deploy/e.ts', 'ws'], rules: ['product-needs-no-deployment', 'development-packages-in-tests'] },
  { file: 'deploy/e.ts', imports: ['../worker/b.ts'], rules: ['tools-are-outside'] },
  { file: 'gateway/page/f.ts', imports: ['../../shared/runtime/g.ts'], rules: ['page-is-browser-code'] },
  { file: 'shared/runtime/g.ts', imports: [], rules: [] },
  { file: 'shared/client/h.ts', imports: ['../audio/i.ts', '../protocol/j.ts'], rules: ['client-knows-the-protocol-alone', 'browser-reaches-no-node'] },
  { file: 'shared/audio/i.ts', imports: [], rules: [] },
  { file: 'shared/protocol/j.ts', imports: ['node:fs'], rules: [] },
  { file: 'worker/turn/k.ts', imports: ['../b.ts', '../speech/ports.ts', '../../shared/audio/i.ts'], rules: ['turn-is-pure'] },
  { file: 'worker/speech/ports.ts', imports: [], rules: [] },
  { file: 'worker/l.ts', imports: ['./m.ts'], rules: ['no-cycles'] },
  { file: 'worker/m.ts', imports: ['./l.ts'], rules: [] },
  { file: 'worker/n.ts', imports: ['./o.test.ts', '../shared/testing/p.ts', './speech/conformance/q.ts'], rules: ['tests-are-not-imported', 'test-code-in-tests'] },
  { file: 'worker/o.test.ts', imports: ['../shared/testing/p.ts', 'ws'], rules: [] },
  { file: 'shared/testing/p.ts', imports: ['ws'], rules: [] },
  { file: 'worker/speech/conformance/q.ts', imports: [], rules: [] },
  { file: 'worker/r.ts', imports: ['./nowhere.ts'], rules: ['resolvable'] },
  { file: 'worker/s.ts', imports: ['nats', 'ioredis', 'uWebSockets.js', 'pino'], rules: ['door-of-nats', 'door-of-ioredis', 'door-of-uWebSockets.js', 'door-of-pino'] },
  { file: 'gateway/t.ts', imports: ['koffi', 'onnxruntime-node', 'prom-client', 'msgpackr'], rules: ['door-of-koffi', 'door-of-onnxruntime-node', 'door-of-prom-client', 'door-of-msgpackr'] },
  { file: 'gateway/metrics.ts', imports: ['prom-client'], rules: [] },
  { file: 'gateway/socket-server.ts', imports: ['uWebSockets.js'], rules: [] },
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

function cruise(folder: string): readonly Violation[] {
  const script = join(packageRoot(), 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [script, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'gateway', 'worker', 'shared', 'deploy'];
  // The JSON report exits with 0 whatever it found.
  const report = JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })) as { summary: { violations: Violation[] } };
  return report.summary.violations;
}

test('every import rule objects to what it forbids, and to nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-rules-'));
  try {
    for (const shared of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json', 'node_modules']) symlinkSync(join(packageRoot(), shared), join(folder, shared));
    for (const { file, imports } of VIOLATIONS) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${imports.map((path) => `import '${path}';`).join('\n')}\nexport const own = 1;\n`);
    }
    const found = cruise(folder);
    for (const { file, rules } of VIOLATIONS) {
      const objections = new Set(found.filter((violation) => violation.from === file).map((violation) => violation.rule.name));
      assert.deepEqual([...objections].sort(), [...rules].sort(), file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
