import assert from 'node:assert/strict';
import { test } from 'node:test';

/** Exit codes of the checks that `npm test` ran before the tests, by name: so a failed check is counted like a failed test. */
const codes: unknown = JSON.parse(process.env['VOXFLEET_CHECK_CODES'] ?? '{}');
assert.ok(typeof codes === 'object' && codes !== null);

for (const [name, code] of Object.entries(codes)) {
  test(`npm run check finds nothing wrong: ${name}`, () => {
    assert.equal(code, 0, `the report stands above, before the tests, at ✖ ${name}`);
  });
}
