import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What plain JavaScript run by Node may name without declaring it. */
const NODE_GLOBALS = { console: 'readonly', process: 'readonly', performance: 'readonly', URL: 'readonly' };

const SIZES = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
};

export default defineConfig(
  { ignores: ['dist/', 'build/', 'node_modules/', '.voxfleet/'] },
  { linterOptions: { noInlineConfig: true } },
  eslint.configs.recommended,
  { rules: { ...SIZES, 'no-console': 'error', 'no-warning-comments': 'error', eqeqeq: 'error', 'no-empty': ['error', { allowEmptyCatch: false }] } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true, 'ts-check': true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Style, not mistakes: numbers in template strings, arrow functions and early returns that pass a void call on.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // The reason of an aborted signal is thrown as it is.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // The type a reader names for bytes its own side wrote.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // A method that is async because its interface is.
      '@typescript-eslint/require-await': 'off',
      // `for (;;)` is how an endless loop is written; `while (true)` and constant conditions stay errors.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSAsExpression > TSUnknownKeyword.typeAnnotation',
          message: 'A cast by way of unknown hides what the type does not know; check the value instead.',
        },
      ],
    },
  },
  {
    // Pure code: time is an argument, nothing is done from within.
    files: ['worker/turn/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'Date', 'performance', 'process', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'console'],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
      'no-restricted-imports': ['error', { patterns: [{ group: ['**/runtime/clock.ts'], allowImportNames: ['elapsedMs', 'stampUs'], message: 'Time is an argument here.' }] }],
    },
  },
  {
    // Files of tests: whole scenarios in a function, test() is not awaited, and doubles of foreign interfaces.
    files: ['**/*.test.ts', 'shared/testing/**/*.ts', '**/conformance/**/*.ts', '**/*-fixture.ts'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }] }],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['deploy/**', 'loadtest/**'], rules: { 'no-console': 'off' } },
  // Dashboards are written in the schema that every Grafana reads, not in the one only the newest does.
  { files: ['deploy/grafana/dashboards.ts'], rules: { '@typescript-eslint/no-deprecated': 'off' } },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: NODE_GLOBALS } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { ...NODE_GLOBALS, module: 'writable' } } },
);
